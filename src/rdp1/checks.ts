// The findings of a verification: each has a name, a result and a sentence for players.

import { fromHex } from './encoding.ts'
import type { Evidence } from './evidence.ts'
import { verify } from './signatures.ts'

export interface Check {
  name: string
  result: 'holds' | 'fails' | 'notChecked'
  says: string
}

/** The one check that public data alone cannot make (see isProven). */
export const TIME_CHECK = 'time of the commitment'

/** Whether every check was made and holds. Only the time may stay open: without a receipt, nobody can check it. */
export function isProven(checks: readonly Check[]): boolean {
  return (
    checks.length > 0 &&
    checks.every(({ name, result }) => result === 'holds' || (name === TIME_CHECK && result === 'notChecked'))
  )
}

/** Collects findings in order. */
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

  /** Reports the first problem that is not false; if there is none, the check holds. Returns whether it holds. */
  judge(name: string, holds: string, problems: readonly (string | false)[]): boolean {
    const problem = problems.find((candidate) => candidate !== false)
    if (problem === undefined) this.holds(name, holds)
    else this.fails(name, problem as string)
    return problem === undefined
  }

  /** Returns whether one of the deployment's keys signed the message; false if no keys were given. */
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

/** Unix milliseconds as text. */
export function moment(unixMs: number): string {
  const date = new Date(unixMs)
  if (Number.isNaN(date.getTime())) return 'an impossible time'
  const text = date.toISOString()
  return `${text.slice(0, 10)} ${text.slice(11).replace(/(?:\.000)?Z$/, '')} UTC`
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
