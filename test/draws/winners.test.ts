import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { dev } from '../../src/rdp1/chains.ts'
import { askPool } from '../../src/tickets/client.ts'
import { expectLogged, rowNotDone } from '../harness/log.ts'
import { organisationWithOperator, registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  DAY,
  DRAW_AT,
  drawOnTime,
  enter,
  HOUR,
  interrupted,
  iso,
  LEAD,
  MINUTE,
  NOW,
  newKey,
  read,
  readAll,
  ringAlarm,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { ADDRESS, claim, decline, deliver, disqualify, type Won, wonIn } from './prizes.ts'
import { verifyPublished } from './proof-check.ts'

useClock()

const CLAIM_BY = DRAW_AT + 14 * DAY
const TWO_BOOKS = { prizes: [{ title: 'A book', quantity: 2 }] }

/** A raffle that was drawn at DRAW_AT, which is the present time. */
async function stageDrawn(
  changes: Record<string, unknown> = {},
  players = 5,
): Promise<Staged & { won: Won[] }> {
  at(NOW)
  const staged = await stageRaffle(changes)
  await enter(staged.id, players)
  await drawOnTime(staged)
  return { ...staged, won: await wonIn(staged.id) }
}

const attemptsOf = async (raffleId: string) =>
  (await as(null, 'GET', `/raffles/${raffleId}/proof`)).body.attempts

async function statusesOf(raffleId: string): Promise<string[]> {
  return (await winnersOf(raffleId)).map(({ attempt, unit, status }) => `${attempt} ${unit} ${status}`)
}

async function expectProven(raffleId: string): Promise<void> {
  const { wrong, isProven } = await verifyPublished(raffleId)
  expect(wrong).toEqual([])
  expect(isProven).toBe(true)
}

describe('winners', () => {
  it('are announced to everybody in the order of the prizes, with the window to claim', async () => {
    const { id } = await stageDrawn(
      {
        prizes: [
          { title: 'A book', quantity: 12 },
          { title: 'A pencil', quantity: 1 },
        ],
        maxPerUser: null,
        claimDays: 3,
      },
      13,
    )
    const winners = await winnersOf(id)
    const units = Array.from({ length: 12 }, (_, i) => `1#${i + 1}`)
    expect(winners.map(({ unit }) => unit)).toEqual([...units, '2#1'])
    expect(winners[12]).toMatchObject({
      raffle: { id, title: 'Signed first editions' },
      prize: { title: 'A pencil', kind: 'item', amount: null },
      status: 'announced',
      attempt: 0,
      announcedAt: iso(DRAW_AT),
      claimBy: iso(DRAW_AT + 3 * DAY),
      reason: null,
      paidAt: null,
      paymentReference: null,
    })
    const pages = await readAll(`/raffles/${id}/winners`, 4)
    expect(pages).toEqual(winners)
  })

  it('are named in the form that they chose', async () => {
    const staged = await stageRaffle({ prizes: [{ title: 'A book', quantity: 3 }] })
    for (const winnerDisplay of ['name', 'initials', 'anonymous'] as const) {
      const player = await registerPlayer({ name: 'Zawadi wa Kamau', winnerDisplay })
      await buy(player, staged.id)
    }
    await drawOnTime(staged)
    const byNumber = new Map((await winnersOf(staged.id)).map(({ number, name }) => [number, name]))
    expect([1, 2, 3].map((number) => byNumber.get(number))).toEqual([
      'Zawadi wa Kamau',
      'Z. W. K.',
      'Anonymous',
    ])
  })
})

describe('claiming', () => {
  it('sets the address, which only the organisation can read', async () => {
    const { id, operator, won } = await stageDrawn()
    const [winner] = won as [Won]
    const { status, body } = await claim(winner.holder, winner.id)
    expect(status).toBe(200)
    expect(body).toMatchObject({ winner: { id: winner.id, status: 'claimed' }, deliveryAddress: ADDRESS })
    const read = await as(operator, 'GET', `/winners/${winner.id}/claim`)
    expect(read.body.deliveryAddress).toEqual(ADDRESS)
    const { operator: stranger } = await organisationWithOperator()
    for (const person of [stranger, await registerPlayer(), winner.holder]) {
      expect((await as(person, 'GET', `/winners/${winner.id}/claim`)).status).toBe(404)
    }
    expect(JSON.stringify(await winnersOf(id))).not.toContain('Moi Avenue')
  })

  it('is only for the winner; others get the answer for an unknown prize', async () => {
    const { operator, won } = await stageDrawn()
    const [winner] = won as [Won]
    for (const person of [await registerPlayer(), operator]) {
      for (const act of [claim, decline]) {
        const theirs = await act(person, winner.id)
        const nobodys = await act(person, newId('winner'))
        expect(theirs.status).toBe(404)
        expect(theirs.body.detail).toBe(nobodys.body.detail)
      }
    }
  })

  it('ends with the window, to the millisecond, even before the sweep expires it', async () => {
    const { won } = await stageDrawn(TWO_BOOKS)
    const [first, second] = won as [Won, Won]
    at(CLAIM_BY - 1)
    expect((await claim(first.holder, first.id)).status).toBe(200)
    at(CLAIM_BY)
    const late = await claim(second.holder, second.id)
    expect(late.status).toBe(409)
    expect(late.body.detail).toContain(iso(CLAIM_BY))
    await sweep()
    expect((await claim(second.holder, second.id)).body.code).toBe('invalid_state')
  })

  it('concurrently with declining lets only one of them take effect', async () => {
    const { id, won } = await stageDrawn()
    const [winner] = won as [Won]
    const answers = await Promise.all([
      claim(winner.holder, winner.id),
      decline(winner.holder, winner.id),
      claim(winner.holder, winner.id),
    ])
    // Of the same person: a repeated claim of the same prize is one claim.
    const [first, declined, again] = answers.map(({ status }) => status)
    const stored = (await winnersOf(id))[0].status
    expect([first, declined, again]).toEqual(stored === 'claimed' ? [200, 409, 200] : [409, 200, 409])
  })

  it.each([
    {},
    { ...ADDRESS, name: '' },
    { ...ADDRESS, lines: [] },
    { ...ADDRESS, lines: Array(5).fill('x') },
    { ...ADDRESS, country: 'Kenya' },
    { ...ADDRESS, city: '\ud800' },
    { ...ADDRESS, postcode: 'x'.repeat(21) },
    { ...ADDRESS, planet: 'Earth' },
  ])('needs a complete address (%#)', async (address) => {
    const { status } = await claim(await registerPlayer(), newId('winner'), address)
    expect(status).toBe(422)
  })
})

describe('a declined prize', () => {
  it('is drawn again by the sweep among those who have not won, after the lead', async () => {
    const { id, won } = await stageDrawn()
    const [winner] = won as [Won]
    at(DRAW_AT + HOUR)
    expect((await decline(winner.holder, winner.id)).body.status).toBe('declined')
    await sweep()
    const [, redraw] = await attemptsOf(id)
    expect(redraw).toMatchObject({
      attempt: 1,
      requestedAt: DRAW_AT + HOUR,
      reason: 'declined',
      units: ['1#1'],
      excludedTickets: [winner.number],
      round: (DRAW_AT + HOUR + LEAD) / 1_000 - dev.genesis + 1,
      winners: null,
    })
    at(DRAW_AT + HOUR + LEAD - 1)
    await sweep()
    expect(await statusesOf(id)).toEqual(['0 1#1 declined'])
    at(DRAW_AT + HOUR + LEAD)
    await sweep()
    expect(await statusesOf(id)).toEqual(['0 1#1 declined', '1 1#1 announced'])
    const [, next] = await winnersOf(id)
    expect(next.number).not.toBe(winner.number)
    expect(next.claimBy).toBe(iso(DRAW_AT + HOUR + LEAD + 14 * DAY))
    await expectProven(id)
  })

  it('is kept if the rules say so, and the raffle settles', async () => {
    const { id, won } = await stageDrawn({ onUnclaimed: 'keep' })
    const [winner] = won as [Won]
    await decline(winner.holder, winner.id)
    await sweep()
    expect(await attemptsOf(id)).toHaveLength(1)
    expect((await read(id)).status).toBe('settled')
  })

  it('is not missed by a sweep that is about to postpone the raffle', async () => {
    const { id, won } = await stageDrawn(TWO_BOOKS)
    const [first, second] = won as [Won, Won]
    await claim(first.holder, first.id)
    const { DB, done } = interrupted(/^update "raffles" set "due_at"/i, () =>
      decline(second.holder, second.id),
    )
    await sweep({ DB })
    expect(done()).toBe(true)
    at(DRAW_AT + MINUTE)
    await sweep()
    expect(await attemptsOf(id)).toHaveLength(2)
  })

  it('is drawn again once by concurrent sweeps', async () => {
    const { id, won } = await stageDrawn()
    const [winner] = won as [Won]
    await decline(winner.holder, winner.id)
    await Promise.all([sweep(), sweep(), sweep()])
    expect(await attemptsOf(id)).toHaveLength(2)
    at(DRAW_AT + LEAD)
    await Promise.all([sweep(), sweep(), sweep()])
    expect(await statusesOf(id)).toEqual(['0 1#1 declined', '1 1#1 announced'])
  })

  it.each([
    ['before it writes the new winner', /^insert into "winners"/i],
    ['before it schedules the next check', /^update "raffles" set "due_at"/i],
  ])('is drawn again once if a sweep crashes %s', async (_, pattern) => {
    const { id, won } = await stageDrawn()
    const [winner] = won as [Won]
    await decline(winner.holder, winner.id)
    await sweep()
    at(DRAW_AT + LEAD)
    expectLogged(rowNotDone('raffle'))
    const { DB, done } = crashing(pattern)
    await sweep({ DB })
    expect(done()).toBe(true)
    at(DRAW_AT + LEAD + MINUTE)
    await sweep()
    expect(await statusesOf(id)).toEqual(['0 1#1 declined', '1 1#1 announced'])
    await expectProven(id)
  })
})

describe('a prize that nobody claims', () => {
  it('is drawn again when its window ends, together with others', async () => {
    const { id } = await stageDrawn({ prizes: [{ title: 'A book', quantity: 3 }], maxPerUser: 1 })
    at(CLAIM_BY - 1)
    await sweep()
    expect(await attemptsOf(id)).toHaveLength(1)
    at(CLAIM_BY)
    await sweep()
    expect((await attemptsOf(id))[1]).toMatchObject({
      units: ['1#1', '1#2', '1#3'],
      reason: 'not claimed in time',
    })
    at(CLAIM_BY + LEAD)
    await sweep()
    // Five took part, three have won: two are left for three prizes.
    expect(await statusesOf(id)).toEqual([
      '0 1#1 expired',
      '0 1#2 expired',
      '0 1#3 expired',
      '1 1#1 announced',
      '1 1#2 announced',
    ])
    await expectProven(id)
  })

  it('stays with the organisation if the rules say keep', async () => {
    const { id } = await stageDrawn({ onUnclaimed: 'keep' })
    at(CLAIM_BY)
    await sweep()
    expect(await statusesOf(id)).toEqual(['0 1#1 expired'])
    expect((await read(id)).status).toBe('settled')
  })

  it('is drawn again as often as maxRedraws says, then the raffle settles', async () => {
    const { id } = await stageDrawn({ maxRedraws: 2, claimDays: 1 })
    for (let day = 1; day <= 4; day++) {
      at(DRAW_AT + day * DAY + day * MINUTE)
      await sweep()
      at(DRAW_AT + day * DAY + day * MINUTE + LEAD)
      await sweep()
    }
    expect(await statusesOf(id)).toEqual(['0 1#1 expired', '1 1#1 expired', '2 1#1 expired'])
    expect((await read(id)).status).toBe('settled')
    await expectProven(id)
  })

  it('stays without a winner when everybody has already won it', async () => {
    const { id } = await stageDrawn({ claimDays: 1 }, 1)
    at(DRAW_AT + DAY)
    await sweep()
    at(DRAW_AT + DAY + LEAD)
    await sweep()
    expect(await statusesOf(id)).toEqual(['0 1#1 expired'])
    expect((await attemptsOf(id))[1]).toMatchObject({ winners: [], excludedTickets: [1] })
    expect((await read(id)).status).toBe('settled')
    await expectProven(id)
  })
})

describe('disqualifying', () => {
  it('publishes the reason and draws again without the holder, whatever other tickets the holder has', async () => {
    at(NOW)
    const staged = await stageRaffle({ maxPerUser: null })
    const players = [await registerPlayer(), await registerPlayer()]
    for (const player of players) await buy(player, staged.id, { quantity: 10 })
    await drawOnTime(staged)
    const [first] = (await wonIn(staged.id)) as [Won]
    expect((await disqualify(staged.operator, first.id)).body).toMatchObject({
      status: 'disqualified',
      reason: 'Bought under three names',
    })
    await sweep()
    const [, redraw] = await attemptsOf(staged.id)
    expect(redraw).toMatchObject({ reason: 'disqualified', excludedTickets: [first.number] })
    expect(redraw.excludedTags).toHaveLength(1)
    at(DRAW_AT + LEAD)
    await sweep()
    const [, second] = (await wonIn(staged.id)) as [Won, Won]
    expect(second.holder).not.toEqual(first.holder)
    expect((await winnersOf(staged.id))[0].reason).toBe('Bought under three names')
    await expectProven(staged.id)
    // The holder is still excluded when the next winner declines.
    await decline(second.holder, second.id)
    await sweep()
    expect((await attemptsOf(staged.id))[2].excludedTags).toEqual(redraw.excludedTags)
    at(DRAW_AT + 2 * LEAD)
    await sweep()
    const third = (await wonIn(staged.id))[2]!
    expect(third.holder).toEqual(second.holder)
    await expectProven(staged.id)
  })

  it('leads to a redraw even if onUnclaimed is keep, and after a claim', async () => {
    const { id, operator, won } = await stageDrawn({ onUnclaimed: 'keep' })
    const [winner] = won as [Won]
    await claim(winner.holder, winner.id)
    expect((await disqualify(operator, winner.id)).status).toBe(200)
    await sweep()
    expect(await attemptsOf(id)).toHaveLength(2)
  })

  it('is not possible once the prize is delivered, declined, expired or already disqualified', async () => {
    const { operator, won } = await stageDrawn({ prizes: [{ title: 'A book', quantity: 4 }], maxRedraws: 0 })
    const [delivered, declined, taken, expired] = won as [Won, Won, Won, Won]
    await claim(delivered.holder, delivered.id)
    await deliver(operator, delivered.id)
    await decline(declined.holder, declined.id)
    await disqualify(operator, taken.id, 'The first reason')
    at(CLAIM_BY)
    await sweep()
    for (const winner of [delivered, declined, taken, expired]) {
      const { status, body } = await disqualify(operator, winner.id, 'Another reason')
      expect(status).toBe(409)
      expect(body.code).toBe('invalid_state')
    }
  })

  it('needs a reason', async () => {
    const { operator, won } = await stageDrawn()
    for (const body of [
      {},
      { reason: 'no' },
      { reason: '\ud800\ud800\ud800' },
      { reason: 'x'.repeat(501) },
    ]) {
      expect((await as(operator, 'POST', `/winners/${won[0]!.id}/disqualify`, body)).status).toBe(422)
    }
  })
})

describe('redraws, one at a time', () => {
  it('wait for the pending one, and follow in the pass that draws it', async () => {
    const { id, won } = await stageDrawn(TWO_BOOKS)
    const [first, second] = won as [Won, Won]
    await decline(first.holder, first.id)
    await sweep()
    await decline(second.holder, second.id)
    await sweep()
    expect(await attemptsOf(id)).toHaveLength(2)
    at(DRAW_AT + LEAD)
    await sweep()
    const attempts = await attemptsOf(id)
    expect(attempts.map(({ units }: { units: string[] }) => units)).toEqual([
      ['1#1', '1#2'],
      ['1#1'],
      ['1#2'],
    ])
    expect(attempts[2].round).toBeGreaterThan(attempts[1].round)
    at(DRAW_AT + 2 * LEAD)
    await sweep()
    expect(await statusesOf(id)).toEqual([
      '0 1#1 declined',
      '0 1#2 declined',
      '1 1#1 announced',
      '2 1#2 announced',
    ])
    await expectProven(id)
  })
})

describe('an operator’s redraw', () => {
  const redraw = (
    person: { id: string },
    raffleId: string,
    body: object = { units: ['1#1'], reason: 'The winner called us' },
    key = newKey(),
  ) => as(person, 'POST', `/raffles/${raffleId}/redraws`, body, { headers: { 'idempotency-key': key } })

  async function stageDeclined(changes: Record<string, unknown> = TWO_BOOKS) {
    const staged = await stageDrawn(changes)
    for (const { holder, id } of staged.won) await decline(holder, id)
    return staged
  }

  it('is drawn at the first round after the lead, with its reason in the proof', async () => {
    const { id, operator } = await stageDeclined()
    const { status, body } = await redraw(operator, id, { units: ['1#2'], reason: 'The winner called us' })
    expect(status).toBe(201)
    expect(body).toEqual({
      attempt: 1,
      units: ['1#2'],
      reason: 'The winner called us',
      round: (DRAW_AT + LEAD) / 1_000 - dev.genesis + 1,
      drawAt: iso(DRAW_AT + LEAD),
    })
    at(DRAW_AT + LEAD)
    await sweep()
    expect((await attemptsOf(id))[1]).toMatchObject({ reason: 'The winner called us', units: ['1#2'] })
    expect(await statusesOf(id)).toContain('1 1#2 announced')
    await expectProven(id)
  })

  it('waits for the one before it, even if the pool has drawn that but it is not announced yet', async () => {
    const { id, pool, operator } = await stageDeclined()
    await sweep()
    at(DRAW_AT + LEAD)
    await sweep()
    await env.DB.prepare(
      `UPDATE attempts SET record = json_set(record, '$.winners', json('null')) WHERE pool = ? AND attempt = 1`,
    )
      .bind(pool)
      .run()
    const answer = await redraw(operator, id, { units: ['1#1'], reason: 'The winner called us' })
    expect(answer).toMatchObject({
      status: 409,
      body: { detail: 'A draw is pending; wait for its winners.' },
    })
    const known = await askPool(testContext(), pool, (stub) => stub.recompute())
    expect(known!.attempts).toHaveLength(2)
  })

  it('needs an Idempotency-Key', async () => {
    const { id, operator } = await stageDeclined()
    const body = { units: ['1#1'], reason: 'The winner called us' }
    const answer = await as(operator, 'POST', `/raffles/${id}/redraws`, body)
    expect(answer.status).toBe(400)
    expect(await attemptsOf(id)).toHaveLength(1)
  })

  it('repeated with its key is the same redraw, before and after its draw', async () => {
    const { id, operator } = await stageDeclined()
    const units = ['1#2', '1#1']
    const request = (order: string[]) =>
      redraw(operator, id, { units: order, reason: 'They called us' }, 'one-key')
    const first = await request(units)
    expect(first.status).toBe(201)
    expect(first.body.units).toEqual(['1#1', '1#2'])
    at(DRAW_AT + 1_000)
    expect((await request(units)).body).toEqual(first.body)
    expect((await request([...units].reverse())).body).toEqual(first.body)
    at(DRAW_AT + LEAD)
    await sweep()
    expect((await request(units)).body).toEqual(first.body)
    expect(await attemptsOf(id)).toHaveLength(2)
  })

  it('with a key that was used for another is refused', async () => {
    const { id, operator } = await stageDeclined()
    await redraw(operator, id, { units: ['1#1'], reason: 'They called us' }, 'one-key')
    for (const body of [
      { units: ['1#2'], reason: 'They called us' },
      { units: ['1#1', '1#2'], reason: 'They called us' },
      { units: ['1#1'], reason: 'Another reason' },
    ]) {
      expect((await redraw(operator, id, body, 'one-key')).body.code).toBe('idempotency_mismatch')
    }
  })

  it('requested ten times concurrently is made once', async () => {
    const { id, operator } = await stageDeclined()
    const same = await Promise.all(
      Array.from({ length: 5 }, () => redraw(operator, id, undefined, 'the-same-key')),
    )
    expect(new Set(same.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    const others = await Promise.all(Array.from({ length: 5 }, () => redraw(operator, id)))
    for (const { status, body } of others) {
      expect(status).toBe(409)
      expect(['conflict', 'invalid_state']).toContain(body.code)
    }
    expect(await attemptsOf(id)).toHaveLength(2)
  })

  it('requested by several people concurrently is made for one of them', async () => {
    const { id, operator } = await stageDeclined()
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => redraw(operator, id)),
      sweep().then(() => null),
    ])
    expect(answers.filter((answer) => answer?.status === 201).length).toBeLessThanOrEqual(1)
    expect(await attemptsOf(id)).toHaveLength(2)
  })

  it('is only for prizes without a winner', async () => {
    const { id, operator, won } = await stageDrawn(TWO_BOOKS)
    const [claimed, announced] = won as [Won, Won]
    await claim(claimed.holder, claimed.id)
    for (const units of [['1#1'], ['1#2'], ['1#1', '1#2'], ['1#3'], ['7#1']]) {
      const { status, body } = await redraw(operator, id, { units, reason: 'Because we can' })
      expect(status).toBe(409)
      expect(body.code).toBe('invalid_state')
    }
    await decline(announced.holder, announced.id)
    const both = await redraw(operator, id, { units: ['1#1', '1#2'], reason: 'Because we can' })
    expect(both.body.code).toBe('invalid_state')
    expect(await attemptsOf(id)).toHaveLength(1)
  })

  it('is refused against the rules: kept prizes, no redraws left, before the draw', async () => {
    const kept = await stageDeclined({ onUnclaimed: 'keep' })
    expect((await redraw(kept.operator, kept.id)).body.code).toBe('invalid_state')
    const used = await stageDeclined({ maxRedraws: 0 })
    expect((await redraw(used.operator, used.id)).body.code).toBe('limit_reached')
    at(NOW)
    const early = await stageRaffle()
    expect((await redraw(early.operator, early.id)).body.code).toBe('invalid_state')
    at(CLOSES_AT)
    await ringAlarm(early.pool)
    expect((await redraw(early.operator, early.id)).body.code).toBe('invalid_state')
  })

  it('needs valid units, and a reason that can be hashed', async () => {
    const { id, operator } = await stageDeclined()
    for (const body of [
      { units: [], reason: 'They called us' },
      { units: ['1#1', '1#1'], reason: 'They called us' },
      { units: ['0#1'], reason: 'They called us' },
      { units: ['1#01'], reason: 'They called us' },
      { units: ['1'], reason: 'They called us' },
      { units: ['1#1'] },
      { units: ['1#1'], reason: '  x ' },
      { units: ['1#1'], reason: 'x'.repeat(501) },
      { units: ['1#1'], reason: 'a lone surrogate: \ud83c' },
    ]) {
      expect((await redraw(operator, id, body)).status).toBe(422)
    }
    await redraw(operator, id, { units: ['1#1'], reason: '  Cafe\u0301 🎟️ ' })
    expect((await attemptsOf(id))[1].reason).toBe('Caf\u00e9 🎟️')
    await expectProven(id)
  })
})

describe('recalculating', () => {
  const recalculate = async ({ id, operator }: Staged) =>
    (await as(operator, 'POST', `/raffles/${id}/recalculate`)).body

  async function stageTwoAttempts() {
    const staged = await stageDrawn()
    const [winner] = staged.won as [Won]
    await decline(winner.holder, winner.id)
    await sweep()
    return staged
  }

  it('matches the published values of every attempt, pending or drawn', async () => {
    const staged = await stageTwoAttempts()
    const attempts = [0, 1].map((attempt) => ({ attempt, matches: true }))
    const expected = { matches: true, attempts, takings: null }
    expect(await recalculate(staged)).toEqual(expected)
    at(DRAW_AT + LEAD)
    await sweep()
    expect(await recalculate(staged)).toEqual(expected)
  })

  it.each([
    ['a winner', 0, `json_set(record, '$.winners[0].ticket', 19)`],
    ['the beacon’s signature', 0, `json_set(record, '$.signature', '00')`],
    ['the reason of a redraw', 1, `json_set(record, '$.reason', 'politely')`],
    ['the excluded tickets', 1, `json_set(record, '$.excludedTickets', json('[]'))`],
  ])('detects a change of %s in the database, until the pool projects it again', async (_, attempt, set) => {
    const staged = await stageTwoAttempts()
    await env.DB.prepare(`UPDATE attempts SET record = ${set} WHERE pool = ? AND attempt = ?`)
      .bind(staged.pool, attempt)
      .run()
    const { matches, attempts } = await recalculate(staged)
    expect(matches).toBe(false)
    expect(attempts.filter((each: { matches: boolean }) => !each.matches)).toEqual([
      { attempt, matches: false },
    ])
    await askPool(testContext(), staged.pool, (stub) => stub.rebuild())
    expect((await recalculate(staged)).matches).toBe(true)
  })

  it.each([
    ['the commitment', 'commitment', `json_set(commitment, '$.commitment', 'ff')`],
    ['the list’s hash', 'commitment', `json_set(commitment, '$.listHash', 'ff')`],
    ['the number of tickets', 'commitment', `json_set(commitment, '$.ticketCount', 1)`],
    ['the commitment’s signature', 'commitment', `json_set(commitment, '$.commitmentSignature', 'ff')`],
    ['the rules', 'terms', `json_set(terms, '$.rules', replace(terms->>'$.rules', 'A book', 'A pen'))`],
  ])('detects a change of %s in the database', async (_, column, set) => {
    const staged = await stageDrawn()
    await env.DB.prepare(`UPDATE pools SET ${column} = ${set} WHERE pool = ?`).bind(staged.pool).run()
    expect((await recalculate(staged)).matches).toBe(false)
    await askPool(testContext(), staged.pool, (stub) => stub.rebuild())
    expect((await recalculate(staged)).matches).toBe(true)
  })

  it('detects that an attempt is missing from the database', async () => {
    const staged = await stageTwoAttempts()
    await env.DB.prepare('DELETE FROM attempts WHERE pool = ? AND attempt = 1').bind(staged.pool).run()
    expect(await recalculate(staged)).toMatchObject({
      matches: false,
      attempts: [{ matches: true }, { matches: false }],
    })
  })

  it('is not possible before the commitment', async () => {
    for (const staged of [await stageRaffle(), await stageDraft()]) {
      expect((await recalculate(staged)).code).toBe('invalid_state')
    }
  })
})

describe('delivering', () => {
  it('follows a claim, and the last one settles the raffle', async () => {
    const { id, operator, won } = await stageDrawn(TWO_BOOKS)
    const [first, second] = won as [Won, Won]
    expect((await deliver(operator, first.id)).body.code).toBe('invalid_state')
    for (const winner of [first, second]) {
      expect((await read(id)).status).toBe('drawn')
      await claim(winner.holder, winner.id)
      await sweep()
      expect((await deliver(operator, winner.id)).body.status).toBe('delivered')
      expect((await deliver(operator, winner.id)).body.code).toBe('invalid_state')
      await sweep()
    }
    expect((await read(id)).status).toBe('settled')
    const row = await env.DB.prepare('SELECT due_at FROM raffles WHERE id = ?').bind(id).first()
    expect(row).toEqual({ due_at: null })
  })

  it('changes nothing once the raffle is settled', async () => {
    const { id, operator, won } = await stageDrawn()
    const [winner] = won as [Won]
    await claim(winner.holder, winner.id)
    await deliver(operator, winner.id)
    await sweep()
    for (const { body } of [
      await claim(winner.holder, winner.id),
      await decline(winner.holder, winner.id),
      await disqualify(operator, winner.id),
    ]) {
      expect(body.code).toBe('invalid_state')
    }
    at(CLAIM_BY + DAY)
    await sweep()
    expect(await statusesOf(id)).toEqual(['0 1#1 delivered'])
    expect((await read(id)).status).toBe('settled')
  })
})

describe('the list of winners', () => {
  const idsIn = async (query: string, person: { id: string } | null = null) =>
    (await readAll(`/winners?${query}`, 100, person)).map(({ id }) => id)

  it('covers the last seven days, to the millisecond', async () => {
    const { won } = await stageDrawn()
    at(DRAW_AT + 7 * DAY)
    expect(await idsIn('')).toContain(won[0]!.id)
    at(DRAW_AT + 7 * DAY + 1)
    expect(await idsIn('')).not.toContain(won[0]!.id)
  })

  it('starts at since', async () => {
    const { won } = await stageDrawn()
    at(DRAW_AT + 300 * DAY)
    expect(await idsIn(`since=${iso(DRAW_AT)}`)).toContain(won[0]!.id)
    expect(await idsIn(`since=${encodeURIComponent('2031-05-05T16:10:00+03:00')}`)).toContain(won[0]!.id)
    expect(await idsIn(`since=${iso(DRAW_AT + 1)}`)).not.toContain(won[0]!.id)
    expect((await as(null, 'GET', '/winners?since=yesterday')).status).toBe(422)
  })

  it('can show only my own, from any time', async () => {
    const { won } = await stageDrawn(TWO_BOOKS)
    at(DRAW_AT + 300 * DAY)
    for (const { id, holder } of won) expect(await idsIn('mine=true', holder)).toEqual([id])
    expect(await idsIn('mine=true', await registerPlayer())).toEqual([])
    expect((await as(null, 'GET', '/winners?mine=true')).status).toBe(401)
    expect(await idsIn('mine=false', won[0]!.holder)).not.toContain(won[0]!.id)
  })

  it('is paged, newest first, each winner once', async () => {
    const early = await stageDrawn(TWO_BOOKS)
    await decline(early.won[0]!.holder, early.won[0]!.id)
    await sweep()
    at(DRAW_AT + LEAD)
    await sweep()
    const all = await readAll('/winners', 2)
    const times = all.map(({ announcedAt }) => announcedAt)
    expect(times).toEqual([...times].sort().reverse())
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    const ids = (await winnersOf(early.id)).map(({ id }) => id)
    expect(ids).toHaveLength(3)
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(ids))
  })
})

describe('the next draws', () => {
  const upcoming = async (ids: string[], limit = 100) =>
    (await readAll('/draws/upcoming', limit)).filter(({ raffle }) => ids.includes(raffle.id))
  const order = (draws: { raffle: { id: string } }[]) => draws.map(({ raffle }) => raffle.id)

  it('come soonest first, also after an early close, with their prizes', async () => {
    const late = await stageRaffle({ drawAt: iso(DRAW_AT + HOUR), timeZone: 'Africa/Nairobi' })
    const soon = await stageRaffle()
    const closed = await stageRaffle({ drawAt: iso(DRAW_AT + 2 * HOUR) })
    const draft = await stageDraft()
    const ids = [late, soon, closed, draft].map(({ id }) => id)
    expect(order(await upcoming(ids))).toEqual([soon.id, late.id, closed.id])
    expect((await upcoming(ids))[1]).toEqual({
      raffle: {
        id: late.id,
        slug: expect.any(String),
        title: 'Signed first editions',
        imageUrl: null,
        status: 'open',
      },
      series: null,
      drawAt: iso(DRAW_AT + HOUR),
      localDrawAt: '2031-05-05T17:10:00+03:00',
      round: null,
      prizes: [{ kind: 'item', title: 'A book', quantity: 1, value: null }],
    })
    await as(closed.operator, 'POST', `/raffles/${closed.id}/close`, {})
    expect(order(await upcoming(ids))).toEqual([closed.id, soon.id, late.id])
    expect(order(await upcoming(ids, 1))).toEqual([closed.id, soon.id, late.id])
    expect(order(await upcoming(ids, 2))).toEqual([closed.id, soon.id, late.id])
  })

  it('are listed until they are drawn, with their round after the commitment; cancelled ones are not', async () => {
    const [drawn, cancelled] = [await stageRaffle(), await stageRaffle()]
    const ids = [drawn.id, cancelled.id]
    await as(cancelled.operator, 'POST', `/raffles/${cancelled.id}/cancel`, { reason: 'rain' })
    expect(order(await upcoming(ids))).toEqual([drawn.id])
    at(CLOSES_AT)
    await ringAlarm(drawn.pool)
    at(DRAW_AT)
    expect(await upcoming(ids)).toMatchObject([
      { raffle: { status: 'committed' }, round: DRAW_AT / 1_000 - dev.genesis + 1 },
    ])
    await sweep()
    expect(await upcoming(ids)).toEqual([])
  })
})
