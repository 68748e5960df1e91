// The findings of a verification: each a name, an outcome and a sentence that a player can read.

import { fromHex } from './encoding.ts'
import type { Evidence } from './evidence.ts'
import { verify } from './signatures.ts'

export interface Check {
  name: string
  result: 'holds' | 'fails' | 'notChecked'
  says: string
}

/** The one check that public data alone cannot decide (see isProven). */
export const TIME_CHECK = 'time of the commitment'

/** Whether everything that can be checked was, and holds. That a lone reader can't date a commitment is no failure. */
export function isProven(checks: readonly Check[]): boolean {
  return (
    checks.length > 0 &&
    checks.every(({ name, result }) => result === 'holds' || (name === TIME_CHECK && result === 'notChecked'))
  )
}

/** Collects findings in the order in which they are made. */
export class Findings {
  readonly checks: Check[] = []

  holds(name: string, says: string): void {
    this.checks.push({ name, result: 'holds', says })
  }

  fails(name: string, says: string): void {
    this.checks.push({ name, result: 'fails', says })
  }

  notChecked(name: string, says: string): void {
    this.checks.push({ name, result: 'notChecked', says })
  }

  /** Says the first problem that is true of it, or that it holds. Returns whether it holds. */
  judge(name: string, holds: string, problems: readonly (string | false)[]): boolean {
    const problem = problems.find((candidate) => candidate !== false)
    if (problem === undefined) this.holds(name, holds)
    else this.fails(name, problem as string)
    return problem === undefined
  }

  /** Returns whether one of the deployment's keys is known to have signed. */
  signature(
    name: string,
    what: string,
    { keys, primitives }: Evidence,
    message: Uint8Array,
    signature: string,
  ): boolean {
    if (keys === null) {
      this.notChecked(name, `The signature of ${what} was not checked: no key was given.`)
      return false
    }
    const signed = keys.keys.some((key) =>
      verify(primitives, fromHex(key.publicKey), message, fromHex(signature)),
    )
    return this.judge(name, `The deployment's key signed ${what}.`, [
      !signed && `No key of the deployment signed ${what}.`,
    ])
  }
}

export function sayTimeIsOpen(findings: Findings): void {
  findings.notChecked(
    TIME_CHECK,
    'The time of the commitment is not proven here; compare it with the one that holders received.',
  )
}

/** A unix time in milliseconds, for a sentence. */
export function moment(unixMs: number): string {
  const date = new Date(unixMs)
  if (Number.isNaN(date.getTime())) return 'a time beyond the calendar'
  const text = date.toISOString()
  return `${text.slice(0, 10)} ${text.slice(11).replace(/(?:\.000)?Z$/, '')} UTC`
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
