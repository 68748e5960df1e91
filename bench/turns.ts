/** Compares doors in one run: they take turns, so that whatever else the machine does slows all of them alike. */
import { type Door, median, medianRound, pressure, type Round } from './load.ts'
import { info, type Line } from './report.ts'

export interface Effort {
  rounds: number
  roundSeconds: number
}

/** What tells the CPU time that a server has used so far; null: the system does not report it. */
export interface CpuClock {
  readonly cpuSeconds: number | null
}

export interface Contestant {
  door: Door
  server: CpuClock
}

/** A round, with the server's CPU time for each answer. NaN: it is not reported. */
interface Turn extends Round {
  cpuMs: number
}

export class Turns {
  readonly #turns: Record<string, Turn[]>

  constructor(turns: Record<string, Turn[]>) {
    this.#turns = turns
  }

  /** The median of each round's ratio. */
  ratio(name: string, other: string): number {
    return median(this.of(name).map((turn, i) => turn.perSecond / this.of(other)[i]!.perSecond))
  }

  cpuMs(name: string): number {
    return median(this.of(name).map(({ cpuMs }) => cpuMs))
  }

  get failed(): number {
    return Object.values(this.#turns)
      .flat()
      .reduce((sum, { failed }) => sum + failed, 0)
  }

  /** The cores that the load generator kept busy in its busiest round. */
  get loadCores(): number {
    return Math.max(
      ...Object.values(this.#turns)
        .flat()
        .map(({ loadCores }) => loadCores),
    )
  }

  line(what: string, name: string): Line {
    const cpuMs = this.cpuMs(name)
    return info(
      what,
      `${speedOf(medianRound(this.of(name)))}${Number.isNaN(cpuMs) ? '' : `  ${cpuMs.toFixed(2)} ms CPU`}`,
    )
  }

  of(name: string): Turn[] {
    return this.#turns[name]!
  }
}

export const speedOf = ({ perSecond, p50Ms, p99Ms }: Round): string =>
  `${Math.round(perSecond)}/s  p50 ${p50Ms.toFixed(1)}  p99 ${p99Ms.toFixed(1)} ms`

interface Options {
  connections?: number
  warmUpSeconds?: number
  /** At least so many visits warm each server up, for doors that lead to many places. */
  warmUpVisits?: number
}

/** Each server is warmed up first, until its code is compiled. That is not counted. */
export async function takeTurns(
  contestants: Record<string, Contestant>,
  { rounds, roundSeconds }: Effort,
  { connections, warmUpSeconds = roundSeconds, warmUpVisits = 0 }: Options = {},
): Promise<Turns> {
  for (const { door } of Object.values(contestants)) {
    await pressure(door, { seconds: warmUpSeconds }, connections)
    if (warmUpVisits > 0) await pressure(door, { requests: warmUpVisits }, connections)
  }
  const turns: Record<string, Turn[]> = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    // Every second round runs in reverse order, so that no server always follows the same one.
    const inTurn = Object.entries(contestants)
    for (const [name, { door, server }] of round % 2 === 0 ? inTurn : inTurn.reverse()) {
      const before = server.cpuSeconds
      const result = await pressure(door, { seconds: roundSeconds }, connections)
      const after = server.cpuSeconds
      const cpuMs =
        before === null || after === null ? Number.NaN : ((after - before) * 1_000) / result.answered
      turns[name]!.push({ ...result, cpuMs })
    }
  }
  return new Turns(turns)
}
