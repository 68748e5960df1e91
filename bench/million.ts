/** A raffle of a million tickets: compares the speed of its first and last sales, and measures its draw. */
import { nativeCrypto } from '../src/core/native-crypto.ts'
import { verifyProof } from '../src/rdp1/verify-proof.ts'
import type { Holders } from './fill.ts'
import { ALONE, median, pressure } from './load.ts'
import { type People, post, publishRaffle, purchaseDoor } from './raffle.ts'
import { atMost, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import type { Effort } from './turns.ts'
import type { Usage } from './usage.ts'

const TOTAL = 1_000_000
const MAX_SLOWER = 1.2
/** The platform's limit for one event. */
const MAX_CPU_SECONDS = 30
/** The platform's limit for one isolate. */
const MAX_MEMORY_MB = 128

const TICKETS_A_CALL = 1_000

/** Tickets left in the filled raffle: some are sold under load, the rest by the thousand. */
const LEFT = 20_000

export interface Million {
  /** A million holders with one ticket each: the most rows and tags. */
  many: string
  /** Three holders, one of them with all tickets but two: the longest search for a second and a third winner. */
  three: string
}

export async function fillMillion({ urls }: Runtime, people: People): Promise<Million> {
  const url = urls.tombola!
  const many = await publishRaffle(url, people, { prizes: 100, winPolicy: 'perTicket' })
  const three = await publishRaffle(url, people, { prizes: 10, winPolicy: 'perHolder' })
  const fill = (raffleId: string, count: number, holders: Holders) =>
    post(`${url}/bench/fill`, null, { raffleId, total: TOTAL, count, holders })
  await fill(many, TOTAL - LEFT, 'many')
  await fill(three, TOTAL, 'three')
  for (const raffleId of [many, three]) await post(`${url}/bench/restart`, null, { raffleId })
  return { many, three }
}

export async function compareEnds(
  { urls }: Runtime,
  people: People,
  { many }: Million,
  { rounds, roundSeconds }: Effort,
): Promise<Section> {
  const url = urls.tombola!
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const first = purchaseDoor(url, people, await publishRaffle(url, people, terms))
  const last = purchaseDoor(url, people, many)
  const warm = await pressure(first, { seconds: roundSeconds })
  // The raffle must not sell out under load.
  const most = Math.floor((LEFT - TICKETS_A_CALL) / (rounds + 1))
  const requests = Math.min(most, Math.ceil(warm.perSecond * roundSeconds))
  await pressure(last, { requests })
  const slower: number[] = []
  const speeds: { first: number[]; last: number[] } = { first: [], last: [] }
  let failed = 0
  for (let round = 0; round < rounds; round++) {
    const atFirst = await pressure(first, { requests })
    const atLast = await pressure(last, { requests })
    slower.push(atFirst.perSecond / atLast.perSecond)
    speeds.first.push(atFirst.perSecond)
    speeds.last.push(atLast.perSecond)
    failed += atFirst.failed + atLast.failed
  }
  const sold = await sellTheRest(url, people, many)
  await post(`${url}/bench/restart`, null, { raffleId: many })
  const speed = (values: number[]) => `${Math.round(median(values))}/s`
  return {
    title: 'The same purchase at the first tickets and at the last of 1,000,000',
    how: `${TOTAL - LEFT} one-ticket reservations, each of another holder, were written in bulk to the object and D1.\n${rounds} alternating rounds of ${requests} purchases, the median of each round's ratios.`,
    lines: [
      info('from the first ticket on', speed(speeds.first)),
      info(`from ticket ${TOTAL - LEFT} on`, speed(speeds.last)),
      atMost('slower at the end', median(slower), MAX_SLOWER, '×'),
      holds('unexpected answers', failed === 0, String(failed)),
      holds('sold in the end', sold === TOTAL, String(sold)),
    ],
  }
}

async function sellTheRest(url: string, people: People, raffleId: string): Promise<number> {
  for (;;) {
    const { total, sold } = await post<{ total: number; sold: number }>(`${url}/bench/state`, null, {
      raffleId,
    })
    if (sold === total) return sold
    const response = await fetch(`${url}/api/v1/tickets/purchase`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${people.players[0]}`,
        'content-type': 'application/json',
        'idempotency-key': `rest-${sold}`,
      },
      body: JSON.stringify({ raffleId, quantity: Math.min(TICKETS_A_CALL, total - sold) }),
    })
    if (response.status !== 201)
      throw new Error(`The remaining tickets cannot be sold: ${await response.text()}`)
  }
}

interface Step {
  name: string
  wallSeconds: number
  /** The part of it that the object took to load. */
  loadSeconds: number
  cpuSeconds: number | null
  /** The process's growth at its peak. For a step that works mostly in D1: the isolate's memory after it. */
  memoryMb: number | null
}

export interface Case {
  title: string
  raffleId: string
  /** How many of the prizes find a winner. */
  winners: number
}

/** Freezes and draws a sold out raffle, each step in a fresh runtime. */
export async function drawMillion(
  start: () => Promise<Runtime>,
  people: People,
  { title, raffleId, winners }: Case,
): Promise<Section> {
  const steps: Step[] = []
  const path = `/api/v1/raffles/${raffleId}`
  await inOwnRuntime('freeze and commit', async (url) => {
    await post(`${url}${path}/close`, people.organiser)
    await until(async () => (await fetch(`${url}${path}/proof`, { headers: ALONE })).ok)
  })
  const proof = await inOwnRuntime(
    'draw and announce',
    async (url) => {
      await until(async () => {
        await post(`${url}/bench/draw`, null)
        return (JSON.parse(await text(`${url}${path}`)) as { status: string }).status === 'drawn'
      })
      return text(`${url}${path}/proof`)
    },
    true,
  )
  const listCsv = await inOwnRuntime('list.csv', (url) => text(`${url}${path}/proof/list.csv`))
  const logCsv = await inOwnRuntime('log.csv', (url) => text(`${url}${path}/proof/log.csv`))
  return {
    title,
    how: HOW_DRAWN,
    lines: [...steps.flatMap(stepLines), ...proofLines(JSON.parse(proof) as Drawn, listCsv, logCsv, winners)],
  }

  async function inOwnRuntime<Result>(
    name: string,
    work: (url: string) => Promise<Result>,
    thenSweeps = false,
  ): Promise<Result> {
    const { urls, usage, stop } = await start()
    const url = urls.tombola!
    // The first request creates the parts that all requests share, so it is not measured.
    await text(url + path)
    const idleMb = usage.residentMb
    const cpu = usage.cpuSeconds
    usage.resetPeak()
    const started = performance.now()
    const result = await work(url)
    const wallSeconds = (performance.now() - started) / 1_000
    const cpuSeconds = cpu === null ? null : usage.cpuSeconds! - cpu
    const memoryMb = idleMb === null ? null : usage.peakMb! - idleMb
    const loads = JSON.parse(await text(`${url}/bench/loads`)) as number[]
    const loadSeconds = loads.reduce((sum, ms) => sum + ms, 0) / 1_000
    steps.push({ name, wallSeconds, loadSeconds, cpuSeconds, memoryMb })
    if (thenSweeps) steps.push(await sweep(url, usage))
    await post(`${url}/bench/restart`, null, { raffleId })
    await stop()
    return result
  }
}

/** A whole sweep beside the loaded object: it notifies holders and sends mails until its time limit. */
async function sweep(url: string, usage: Usage): Promise<Step> {
  const cpu = usage.cpuSeconds
  const started = performance.now()
  await post(`${url}/bench/sweep`, null)
  const wallSeconds = (performance.now() - started) / 1_000
  const cpuSeconds = cpu === null ? null : usage.cpuSeconds! - cpu
  const memoryMb = await usage.isolateMb('tombola')
  return {
    name: 'then a sweep: holders notified, mails sent',
    wallSeconds,
    loadSeconds: 0,
    cpuSeconds,
    memoryMb,
  }
}

const HOW_DRAWN = `Each step runs through the API in a runtime of its own, and loads the object first.
CPU is that of the whole process. Memory is the peak of resident memory, less that of the idle process; V8's heap is
limited to 64 MB. Both are upper bounds for the isolate of worker and object, with its 14 MB when idle: they include
D1, SQLite's caches and memory that was not returned to the system. The sweep works mostly in D1, so its memory is
that of the isolate after it: V8's heap and the buffers outside it, garbage included.`

function stepLines({ name, wallSeconds, loadSeconds, cpuSeconds, memoryMb }: Step): Line[] {
  const wall = info(name, `${wallSeconds.toFixed(1)} s, ${loadSeconds.toFixed(1)} s to load`)
  if (cpuSeconds === null || memoryMb === null)
    return [wall, info('  CPU, memory', 'not reported by this system')]
  return [
    wall,
    atMost('  CPU', cpuSeconds, MAX_CPU_SECONDS, ' s', 1),
    atMost('  memory', memoryMb, MAX_MEMORY_MB, ' MB', 0),
  ]
}

interface Drawn {
  attempts: { winners: unknown[] }[]
}

/** Verifies the draw from the published files, as a stranger would. */
function proofLines(proof: Drawn, listCsv: string, logCsv: string, winners: number): Line[] {
  const checks = verifyProof(
    { proof, listCsv, logCsv, keys: null, receipt: null, allowDev: true },
    nativeCrypto,
  )
  const failed = checks.filter(({ result }) => result === 'fails').map(({ name }) => name)
  const drawn = proof.attempts[0]!.winners.length
  return [
    holds('winners', drawn === winners, String(drawn)),
    holds('checks of the proof that fail', failed.length === 0, failed.join(' ') || 'none'),
  ]
}

const text = async (url: string): Promise<string> => {
  const response = await fetch(url, { headers: ALONE })
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`)
  return response.text()
}

const MAX_WAIT_MS = 60_000
const POLL_MS = 250

async function until(done: () => Promise<boolean>): Promise<void> {
  const start = performance.now()
  while (!(await done())) {
    if (performance.now() - start > MAX_WAIT_MS) throw new Error('It did not happen within a minute.')
    await new Promise((resume) => setTimeout(resume, POLL_MS))
  }
}
