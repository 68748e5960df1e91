import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { dev, quicknet, timeOf } from '../../src/rdp1/chains.ts'
import { askPool } from '../../src/tickets/client.ts'
import { allowLogged, expectLogged, logged, rowNotDone } from '../harness/log.ts'
import { registerPlayer, signedInAdmin, testContext } from '../harness/people.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  DRAW_AT,
  drawOnTime,
  enter,
  HOUR,
  iso,
  LEAD,
  MINUTE,
  NOW,
  poolState,
  read,
  ringAlarm,
  SECOND,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { verifyPublished } from './proof-check.ts'

useClock()

/** The signature of a dev round, which the sweep gives to the pool. */
const signatureOf = async (round: number): Promise<string> => {
  const { signDevRound } = await import('../../src/rdp1/beacon.ts')
  return Buffer.from(signDevRound(round)).toString('hex')
}

describe('the sweep', () => {
  /** A committed raffle whose round is due. */
  async function stageDue(changes: Record<string, unknown> = {}, players = 4): Promise<Staged> {
    at(NOW)
    const staged = await stageRaffle({ prizes: [{ title: 'A book', quantity: 2 }], ...changes })
    await enter(staged.id, players)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    at(DRAW_AT)
    return staged
  }

  async function expectDrawnOnce({ id }: Staged): Promise<void> {
    expect((await read(id)).status).toBe('drawn')
    const winners = await winnersOf(id)
    const { proof, wrong } = await verifyPublished(id)
    expect(wrong).toEqual([])
    expect(proof.attempts).toHaveLength(1)
    expect(winners.map(({ unit, number }) => [unit, number])).toEqual(
      proof.attempts[0]!.winners!.map(({ unit, ticket }) => [unit, ticket]),
    )
    const { body } = await as(null, 'GET', `/raffles/${id}/winners?limit=1`)
    expect(body.data).toHaveLength(1)
  }

  it('draws once when it runs twice', async () => {
    const staged = await stageDue()
    await sweep()
    const winners = await winnersOf(staged.id)
    at(DRAW_AT + MINUTE)
    await sweep()
    await expectDrawnOnce(staged)
    expect(await winnersOf(staged.id)).toEqual(winners)
  })

  it('draws once when five sweeps run concurrently', async () => {
    const staged = await stageDue()
    await Promise.all([1, 2, 3, 4, 5].map(() => sweep()))
    await expectDrawnOnce(staged)
  })

  it('commits once when it runs concurrently with the alarm', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 2)
    at(CLOSES_AT)
    await Promise.all([sweep(), ringAlarm(staged.pool), sweep(), ringAlarm(staged.pool)])
    const first = await poolState(staged.pool)
    expect(first?.commitment?.committedAt).toBe(CLOSES_AT)
    at(CLOSES_AT + MINUTE)
    await Promise.all([sweep(), ringAlarm(staged.pool)])
    expect((await poolState(staged.pool))?.commitment).toEqual(first?.commitment)
  })

  it('draws with the same round however late it runs', async () => {
    const staged = await stageDue()
    at(DRAW_AT + 40 * 24 * HOUR)
    await sweep()
    await expectDrawnOnce(staged)
    const [winner] = await winnersOf(staged.id)
    // The claim window starts when the winner can first know of the win.
    expect(winner.announcedAt).toBe(iso(DRAW_AT + 40 * 24 * HOUR))
    expect(Date.parse(winner.claimBy)).toBe(DRAW_AT + 54 * 24 * HOUR)
  })

  it('announces the pool’s draw if the announcement was lost', async () => {
    const staged = await stageDue()
    const { commitment } = (await poolState(staged.pool))!
    const drawn = await askPool(testContext(), staged.pool, async (stub) =>
      stub.draw(0, await signatureOf(commitment!.round)),
    )
    expect(drawn.ok).toBe(true)
    expect((await read(staged.id)).status).toBe('committed')
    await sweep()
    await expectDrawnOnce(staged)
  })

  it.each([
    ['before it writes the winners', /^insert into "winners"/i],
    ['before it schedules the next check', /^update "raffles" set "due_at"/i],
    ['while it reads the attempts', /^select .*from "attempts"/i],
    ['while it reads the winners', /^select .*from "winners"/i],
    ['before it is recorded', /^insert into "sweeps"/i],
  ])('that crashes %s is finished by the next', async (_, pattern) => {
    const staged = await stageDue()
    allowLogged(rowNotDone('raffle'))
    const { DB, done } = crashing(pattern)
    await sweep({ DB }).catch(() => {})
    expect(done()).toBe(true)
    at(DRAW_AT + MINUTE)
    await sweep()
    await expectDrawnOnce(staged)
  })

  it('restores the same draw from the pool after the database was restored to before publication', async () => {
    const staged = await stageDue()
    await sweep()
    const before = await winnersOf(staged.id)
    await env.DB.batch([
      env.DB.prepare('DELETE FROM winners WHERE raffle_id = ?').bind(staged.id),
      env.DB.prepare('DELETE FROM attempts WHERE pool = ?').bind(staged.pool),
      env.DB.prepare('DELETE FROM pools WHERE pool = ?').bind(staged.pool),
      env.DB.prepare(
        `UPDATE raffles SET status = 'draft', terms_version = 0, drawn_attempts = 0, due_at = NULL WHERE id = ?`,
      ).bind(staged.id),
    ])
    expect((await as(null, 'GET', `/raffles/${staged.id}`)).status).toBe(404)
    await as(await signedInAdmin(), 'POST', `/raffles/${staged.id}/rebuild`)
    at(DRAW_AT + MINUTE)
    await sweep()
    await expectDrawnOnce(staged)
    const again = await winnersOf(staged.id)
    expect(again.map(({ unit, number }) => [unit, number])).toEqual(
      before.map(({ unit, number }) => [unit, number]),
    )
  })

  it('draws after the pool was restarted', async () => {
    const staged = await stageDue()
    await evictDurableObject(env.TICKET_POOL.getByName(staged.pool) as DurableObjectStub)
    await sweep()
    await expectDrawnOnce(staged)
  })

  it('skips a raffle whose row cannot be read, and draws the others', async () => {
    const [broken, fine] = [await stageDue(), await stageDue()]
    expectLogged('holders not notified', rowNotDone('raffle'))
    const prizes = env.DB.prepare('SELECT prizes FROM raffles WHERE id = ?').bind(broken.id)
    const text = await prizes.first<string>('prizes')
    const write = (value: string | null) =>
      env.DB.prepare('UPDATE raffles SET prizes = ? WHERE id = ?').bind(value, broken.id).run()
    await write('[{')
    await sweep()
    await expectDrawnOnce(fine)
    expect(logged()).toContainEqual(
      expect.objectContaining({ message: 'sweep: a row was not done', kind: 'raffle', id: broken.id }),
    )
    await write(text)
    expect((await read(broken.id)).status).toBe('committed')
    await sweep()
    await expectDrawnOnce(broken)
  })

  it('skips a raffle whose pool fails, and draws the others', async () => {
    const [broken, fine] = [await stageDue(), await stageDue()]
    expectLogged('holders not notified', rowNotDone('raffle'))
    const failing = new Proxy(env.TICKET_POOL, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (name !== 'getByName') return method?.bind?.(target) ?? method
        return (pool: string, options: object) => {
          if (pool === broken.pool) throw new Error('the object does not answer')
          return target.getByName(pool, options)
        }
      },
    })
    await sweep({ TICKET_POOL: failing })
    await expectDrawnOnce(fine)
    expect((await read(broken.id)).status).toBe('committed')
    await sweep()
    await expectDrawnOnce(broken)
  })

  it('takes a late raffle through every due step in one pass', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 1)
    at(DRAW_AT + HOUR)
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    at(DRAW_AT + HOUR + LEAD)
    await sweep()
    await expectDrawnOnce(staged)
  })
})

describe('the closing', () => {
  it('by the last ticket draws at the earliest fair time if the rules say so', async () => {
    const staged = await stageRaffle({ totalTickets: 3, earlyClose: 'soldOut' })
    at(NOW + MINUTE + 1)
    await enter(staged.id, 3)
    expect(await read(staged.id)).toMatchObject({
      status: 'closed',
      closeReason: 'soldOut',
      available: 0,
      closesAt: iso(CLOSES_AT),
      freezeAt: iso(NOW + MINUTE + 1),
      effectiveDrawAt: iso(NOW + MINUTE + 2 * SECOND + LEAD),
    })
    expect((await buy(await registerPlayer(), staged.id)).body.code).toBe('sold_out')
    await ringAlarm(staged.pool)
    at(NOW + MINUTE + 2 * SECOND + LEAD - 1)
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    at(NOW + MINUTE + 2 * SECOND + LEAD)
    await sweep()
    expect((await read(staged.id)).status).toBe('drawn')
    const { proof, isProven, wrong } = await verifyPublished(staged.id)
    expect(wrong).toEqual([])
    expect(isProven).toBe(true)
    expect(proof).toMatchObject({
      closeReason: 'soldOut',
      effectiveDrawAt: (NOW + MINUTE + 2 * SECOND + LEAD) / SECOND,
    })
  })

  it('by the last ticket keeps the promised draw if the rules say no', async () => {
    const staged = await stageRaffle({ totalTickets: 2, earlyClose: 'no' })
    await enter(staged.id, 2)
    expect(await read(staged.id)).toMatchObject({ status: 'open', effectiveDrawAt: iso(DRAW_AT) })
    await drawOnTime(staged)
    expect((await read(staged.id)).closeReason).toBe('scheduled')
    expect((await verifyPublished(staged.id)).isProven).toBe(true)
  })

  it('by the operator is in the proof, and the sweep commits if the alarm is lost', async () => {
    const { id, operator } = await stageRaffle()
    await enter(id, 2)
    at(NOW + MINUTE)
    await as(operator, 'POST', `/raffles/${id}/close`, { reason: 'All are here' })
    await sweep()
    expect(await read(id)).toMatchObject({ status: 'committed', closeReason: 'operator' })
    at(NOW + MINUTE + SECOND + LEAD)
    await sweep()
    expect((await read(id)).status).toBe('drawn')
    const { proof, isProven, wrong } = await verifyPublished(id)
    expect(wrong).toEqual([])
    expect(isProven).toBe(true)
    expect(proof).toMatchObject({
      closeReason: 'operator',
      round: (NOW + MINUTE + SECOND + LEAD) / SECOND - dev.genesis + 1,
    })
  })
})

describe('the commitment', () => {
  it('below minTickets is replaced by a cancellation that names the number of sold tickets', async () => {
    for (const commit of [ringAlarm, () => sweep()]) {
      at(NOW)
      const { id, pool } = await stageRaffle({ minTickets: 3 })
      await enter(id, 2)
      at(CLOSES_AT)
      await commit(pool)
      expect(await read(id)).toMatchObject({
        status: 'cancelled',
        cancellation: { at: iso(CLOSES_AT), reason: 'Only 2 of at least 3 tickets were sold.' },
      })
      expect((await as(null, 'GET', `/raffles/${id}/proof`)).status).toBe(404)
      at(DRAW_AT + MINUTE)
      await sweep()
      expect((await read(id)).status).toBe('cancelled')
      const row = await env.DB.prepare('SELECT status, due_at FROM raffles WHERE id = ?').bind(id).first()
      expect(row).toEqual({ status: 'cancelled', due_at: null })
    }
  })

  it('with exactly minTickets is made', async () => {
    const staged = await stageRaffle({ minTickets: 2 })
    await enter(staged.id, 2)
    await drawOnTime(staged)
    expect((await read(staged.id)).status).toBe('drawn')
  })

  it('of no tickets draws nothing and settles', async () => {
    const staged = await stageRaffle()
    await drawOnTime(staged)
    expect(await read(staged.id)).toMatchObject({ status: 'settled', sold: 0 })
    expect(await winnersOf(staged.id)).toEqual([])
    const { proof, isProven, wrong, listCsv, logCsv } = await verifyPublished(staged.id)
    expect(wrong).toEqual([])
    expect(isProven).toBe(true)
    expect(proof.attempts).toMatchObject([{ winners: [], steps: 0 }])
    expect([listCsv, logCsv]).toEqual(['number,tag\n', 'kind,number,tag,unixMs\n'])
  })

  it('of fewer tickets than prizes leaves units without a winner, and settles without them', async () => {
    const staged = await stageRaffle({ prizes: [{ title: 'A book', quantity: 5 }] })
    await enter(staged.id, 2)
    await drawOnTime(staged)
    const winners = await winnersOf(staged.id)
    expect(winners.map(({ unit }) => unit)).toEqual(['1#1', '1#2'])
    expect((await verifyPublished(staged.id)).isProven).toBe(true)
  })

  it('gives nobody two prizes if the rules say perHolder', async () => {
    const staged = await stageRaffle({
      prizes: [{ title: 'A book', quantity: 3 }],
      winPolicy: 'perHolder',
      maxPerUser: 10,
    })
    const [one, other] = [await registerPlayer(), await registerPlayer()]
    await buy(one, staged.id, { quantity: 10 })
    await buy(other, staged.id, { quantity: 2 })
    await drawOnTime(staged)
    const winners = await winnersOf(staged.id)
    expect(winners).toHaveLength(2)
    expect(winners.map(({ number }) => (number <= 10 ? 'one' : 'other')).sort()).toEqual(['one', 'other'])
    expect((await verifyPublished(staged.id)).isProven).toBe(true)
  })

  it.each([
    ['in time does not move the round', DRAW_AT - LEAD, DRAW_AT],
    ['a millisecond late moves it by a second', DRAW_AT - LEAD + 1, DRAW_AT + SECOND],
    ['an hour late moves it by an hour and the lead', DRAW_AT + HOUR, DRAW_AT + HOUR + LEAD],
  ])('%s', async (_, committedAt, drawnAt) => {
    const staged = await stageRaffle()
    await enter(staged.id, 2)
    at(committedAt)
    await sweep()
    const { status, round, effectiveDrawAt } = await read(staged.id)
    expect({ status, effectiveDrawAt }).toEqual({ status: 'committed', effectiveDrawAt: iso(DRAW_AT) })
    expect(timeOf(dev, round) * SECOND).toBe(drawnAt)
    at(drawnAt - 1)
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    at(drawnAt)
    await sweep()
    expect((await read(staged.id)).status).toBe('drawn')
    const { isProven, wrong } = await verifyPublished(staged.id)
    expect(wrong).toEqual([])
    expect(isProven).toBe(true)
  })

  it('that an admin cancels stays published, with a signed cancellation, and is never drawn', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 2)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    at(DRAW_AT - LEAD)
    await as(await signedInAdmin(), 'POST', `/raffles/${staged.id}/cancel`, { reason: 'The books burnt' })
    at(DRAW_AT + HOUR)
    await sweep()
    expect((await read(staged.id)).status).toBe('cancelled')
    const { commitment } = (await poolState(staged.pool))!
    const forced = await askPool(testContext(), staged.pool, async (stub) =>
      stub.draw(0, await signatureOf(commitment!.round)),
    )
    expect(forced.ok).toBe(false)
    const { proof, isProven, wrong } = await verifyPublished(staged.id)
    expect(wrong).toEqual([])
    expect(isProven).toBe(true)
    expect(proof.cancellation).toMatchObject({ at: DRAW_AT - LEAD, reason: 'The books burnt' })
    expect(proof.attempts[0]!.winners).toBeNull()
  })

  it('fixes files that may be cached for ever; before it there are none', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 1)
    for (const file of ['list.csv', 'log.csv']) {
      expect((await as(null, 'GET', `/raffles/${staged.id}/proof/${file}`)).status).toBe(404)
    }
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    for (const file of ['list.csv', 'log.csv']) {
      const { headers } = await as(null, 'GET', `/raffles/${staged.id}/proof/${file}`)
      expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
      expect(headers.get('cache-control')).toContain('immutable')
    }
  })
})

describe('a draw on quicknet', () => {
  // The beacon's real rounds of 2023, as the League of Entropy published them.
  const ROUND = 1_000
  const DUE = timeOf(quicknet, ROUND) * SECOND
  const RIGHT =
    'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39'
  const OF_ROUND_123 =
    'b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92'
  const RELAYS = ['one', 'two', 'three', 'four'].map((name) => `https://${name}.example`)
  const QUICKNET = {
    BEACON: 'quicknet',
    BEACON_RELAYS: RELAYS.join(),
    LOG_LEVEL: 'warn',
  } as Partial<Bindings>

  const signed = (signature: unknown) => () => Response.json({ round: ROUND, randomness: '00', signature })
  const refusesConnection = () => {
    throw new TypeError('fetch failed')
  }
  const timesOut = () => {
    throw new DOMException('The operation was aborted due to timeout', 'TimeoutError')
  }

  /** Mocks `fetch` with relays by host; `called` lists the hosts in the order of the calls. */
  function relays(answers: Record<string, () => Response>): { called: string[] } {
    const called: string[] = []
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
      const url = new URL(String(input))
      called.push(url.host.split('.')[0]!)
      expect(url.pathname).toBe(`/${quicknet.hash}/public/${ROUND}`)
      const answer = answers[url.host.split('.')[0]!]
      if (answer === undefined) throw new Error(`unexpected host ${url.host}`)
      return answer()
    })
    return { called }
  }

  async function stageOnQuicknet(): Promise<Staged> {
    at(DUE - HOUR)
    const times = { opensAt: iso(DUE - 2 * HOUR), closesAt: iso(DUE - MINUTE), drawAt: iso(DUE) }
    const staged = await stageDraft(times)
    // That time is past for the machine's clock, so the alarms would fire endlessly.
    await runInDurableObject(env.TICKET_POOL.getByName(staged.pool) as DurableObjectStub, (_, state) => {
      vi.spyOn(state.storage, 'setAlarm').mockImplementation(async () => {})
    })
    await as(staged.operator, 'POST', `/raffles/${staged.id}/publish`, undefined, { bindings: QUICKNET })
    await enter(staged.id, 3)
    at(DUE - MINUTE)
    await sweep(QUICKNET)
    expect(await read(staged.id)).toMatchObject({ status: 'committed', round: ROUND })
    at(DUE)
    return staged
  }

  it('calls one relay after another until one gives the right signature', async () => {
    const { id } = await stageOnQuicknet()
    const { called } = relays({
      one: () => new Response('down for maintenance', { status: 502 }),
      two: () => new Response('<html>welcome</html>'),
      three: signed(OF_ROUND_123),
      four: signed(RIGHT),
    })
    await sweep(QUICKNET)
    expect(called).toEqual(['one', 'two', 'three', 'four'])
    expect((await read(id)).status).toBe('drawn')
    vi.restoreAllMocks()
    const { proof, isProven, wrong } = await verifyPublished(id, { allowDev: false })
    expect(wrong).toEqual([])
    expect(isProven).toBe(true)
    expect(proof.attempts[0]!.signature).toBe(RIGHT)
  })

  it('calls no other relay once it has the right signature', async () => {
    const { id } = await stageOnQuicknet()
    const { called } = relays({ one: signed(RIGHT) })
    await sweep(QUICKNET)
    expect(called).toEqual(['one'])
    expect((await read(id)).status).toBe('drawn')
  })

  it('waits while no relay answers, logs the reason, and is drawn by a later sweep', async () => {
    const { id } = await stageOnQuicknet()
    expectLogged('raffle waits', 'raffle overdue')
    relays({ one: refusesConnection, two: timesOut, three: signed('zz'), four: signed(RIGHT.slice(2)) })
    await sweep(QUICKNET)
    expect((await read(id)).status).toBe('committed')
    const reason = `round ${ROUND}: one.example: not reachable; two.example: timed out; three.example: no signature in its answer; four.example: no signature in its answer`
    expect(logged()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'raffle waits', raffleId: id, reason }),
    )
    at(DUE + 3 * MINUTE)
    await sweep(QUICKNET)
    expect(logged()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'raffle overdue', raffleId: id, reason }),
    )
    relays({ one: signed(RIGHT) })
    at(DUE + 4 * MINUTE)
    await sweep(QUICKNET)
    expect((await read(id)).status).toBe('drawn')
    expect(await winnersOf(id)).toHaveLength(1)
  })

  it('calls a relay that timed out no more in the same sweep', async () => {
    for (let raffle = 0; raffle < 7; raffle++) await stageOnQuicknet()
    expectLogged('raffle waits')
    const { called } = relays({ one: timesOut, two: refusesConnection, three: timesOut, four: timesOut })
    await sweep(QUICKNET)
    const callsOf = (name: string) => called.filter((each) => each === name).length
    expect(callsOf('two')).toBe(7)
    // Five raffles are advanced at a time, so up to five calls may wait for the same relay.
    for (const name of ['one', 'three', 'four']) expect(callsOf(name), name).toBeLessThanOrEqual(5)
    const before = callsOf('one')
    await sweep(QUICKNET)
    expect(callsOf('one')).toBeGreaterThan(before)
  })

  it.each<[string, () => Response]>([
    ['another round’s signature', signed(OF_ROUND_123)],
    ['a signature in capitals', signed(RIGHT.toUpperCase())],
    ['a signature of zeros', signed('0'.repeat(96))],
    ['the point at infinity', signed(`c0${'0'.repeat(94)}`)],
    ['no object at all', () => Response.json(null)],
    ['a number', signed(7)],
    ['an endless answer', () => new Response('{"signature":"'.padEnd(100_000, 'a'))],
  ])('is never decided by %s', async (_, answer) => {
    const { id } = await stageOnQuicknet()
    expectLogged('raffle waits')
    relays({ one: answer, two: answer, three: answer, four: answer })
    await sweep(QUICKNET)
    expect((await read(id)).status).toBe('committed')
    expect(await winnersOf(id)).toEqual([])
  })
})
