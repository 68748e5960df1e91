/** The load generator: as many requests as 32 connections carry, or a steady rate; with exact percentiles. */
import autocannon from 'autocannon'

export interface Call {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

/** An endpoint under load. `next` returns a different request each time. */
export interface Door {
  url: string
  next: () => Call
  expect: number
}

export interface Round {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  answered: number
  /** Requests with an unexpected status or without an answer. */
  failed: number
}

export const CONNECTIONS = 32

/** A request with a cookie gets an answer of its own: it shares none with others, so it makes its query. */
export const ALONE = { cookie: 'bench=1' }

/** Loads all connections at once: each sends its next request as soon as it has an answer. */
export async function pressure(
  { url, next, expect }: Door,
  bound: { seconds: number } | { requests: number },
  connections = CONNECTIONS,
): Promise<Round> {
  const times: number[] = []
  let failed = 0
  const start = performance.now()
  let end = start
  const result = await autocannon({
    url,
    connections,
    ...('seconds' in bound ? { duration: bound.seconds } : { amount: bound.requests }),
    requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
    setupClient: (client) =>
      client.on('response', (status, _bytes, ms) => {
        if (status === expect) times.push(ms)
        else failed++
        end = performance.now()
      }),
  })
  return summarise(times, failed + result.errors + result.timeouts, (end - start) / 1_000)
}

/** Sends requests at even intervals, whether or not earlier ones have been answered. */
export async function pace({ url, next, expect }: Door, perSecond: number, requests: number): Promise<Round> {
  const times: number[] = []
  let failed = 0
  const start = performance.now()
  const send = async () => {
    const sent = performance.now()
    const { path, ...init } = next()
    const response = await fetch(url + path, init)
    await response.arrayBuffer()
    if (response.status === expect) times.push(performance.now() - sent)
    else failed++
  }
  const sent: Promise<void>[] = []
  for (let index = 0; index < requests; index++) {
    const wait = start + (index * 1_000) / perSecond - performance.now()
    if (wait > 0) await new Promise((resume) => setTimeout(resume, wait))
    sent.push(send())
  }
  await Promise.all(sent)
  return summarise(times, failed, (performance.now() - start) / 1_000)
}

function summarise(times: number[], failed: number, seconds: number): Round {
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN
  return {
    requestsPerSecond: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    answered: times.length,
    failed,
  }
}

export const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!

/** Each figure's median over several rounds, and the sum of failures. */
export const medianRound = (rounds: Round[]): Round => ({
  requestsPerSecond: median(rounds.map((round) => round.requestsPerSecond)),
  p50Ms: median(rounds.map((round) => round.p50Ms)),
  p99Ms: median(rounds.map((round) => round.p99Ms)),
  answered: rounds.reduce((sum, round) => sum + round.answered, 0),
  failed: rounds.reduce((sum, round) => sum + round.failed, 0),
})
