// Raffles that an official lottery decides, through the API: their rules, their numbers, results, corrections, money.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { press, purchase, refund } from '../checkout/checkout.ts'
import { allowLogged, rowNotDone } from '../harness/log.ts'
import { organisationWithOperator, type Person, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { approve, balances, cash, claimCash, payoutsOf, stagePriced } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  buy,
  crashing,
  DAY,
  HOUR,
  iso,
  KES,
  LEAD,
  MINUTE,
  NOW,
  raffleBody,
  read,
  readAll,
  ringAlarm,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import {
  confirmResult,
  DATE,
  decide,
  drawOn,
  entrant,
  holdDraw,
  lotteryTerms,
  moveDraw,
  OFFICIAL_DRAW,
  type OnLottery,
  SOURCE,
  stageAnnounced,
  stageLottery,
  stageMoney,
  stageOnLottery,
} from './lottery-stage.ts'
import { claim, deliver, wonIn } from './prizes.ts'
import { verifyPublished } from './proof-check.ts'

useClock()

const fieldsOf = ({ body }: { body: { errors?: { path: string }[] } }) =>
  (body.errors ?? []).map(({ path }) => path)

const mailsOf = async (kind: string): Promise<string[]> => {
  const rows = await env.DB.prepare('SELECT user_id AS id FROM mails WHERE kind = ?')
    .bind(kind)
    .all<{ id: string }>()
  return rows.results.map(({ id }) => id)
}

/** What the audit says about the results of a raffle. */
const auditOf = async (id: string): Promise<string[]> => {
  const rows = await env.DB.prepare(
    `SELECT action || ' ' || fields || ' ' || actor AS row FROM audit WHERE subject_id = ? AND action LIKE 'raffle.result_%' ORDER BY id`,
  )
    .bind(id)
    .all<{ row: string }>()
  return rows.results.map(({ row }) => row)
}

const shown = async (id: string) =>
  (await winnersOf(id)).map(({ unit, label, status, attempt }) => [unit, label, status, attempt])

describe('the rules of a raffle on a lottery', () => {
  async function refusedFields(changes: Record<string, unknown>, draw: Record<string, unknown> = {}) {
    const { operator } = await organisationWithOperator()
    const lotteryId = await stageLottery()
    const body = raffleBody(lotteryTerms(lotteryId, { draw: drawOn(lotteryId, draw), ...changes }))
    const answer = await as(operator, 'POST', '/raffles', body)
    expect(answer.status).toBe(422)
    return fieldsOf(answer)
  }

  it('have the defaults that a lottery allows, and are shown', async () => {
    const { id, lotteryId } = await stageOnLottery()
    expect(await read(id)).toMatchObject({
      draw: drawOn(lotteryId),
      totalTickets: 1_000,
      onUnclaimed: 'keep',
      maxRedraws: 0,
      round: null,
      officialResults: { accepted: 0, refused: 0, attention: null },
    })
  })

  it.each([
    ['as many tickets as the digits give', { totalTickets: 999 }, 'totalTickets'],
    ['a win for each ticket', { winPolicy: 'perHolder' }, 'winPolicy'],
    ['no redraws', { maxRedraws: 1 }, 'maxRedraws'],
    ['that prizes are kept', { onUnclaimed: 'redraw' }, 'onUnclaimed'],
    ['the time of the official draw', { drawAt: iso(OFFICIAL_DRAW + MINUTE) }, 'drawAt'],
    ['sales that end in time', { closesAt: iso(OFFICIAL_DRAW - LEAD) }, 'closesAt'],
  ])('ask for %s', async (_, changes, field) => {
    expect(await refusedFields(changes)).toEqual([field])
  })

  it('ask for a lottery whose results are recorded, and numbers that are long enough', async () => {
    expect(await refusedFields({}, { lotteryId: newId('lottery') })).toEqual(['draw.lotteryId'])
    expect(await refusedFields({}, { lotteryId: await stageLottery({ status: 'archived' }) })).toEqual([
      'draw.lotteryId',
    ])
    expect(await refusedFields({}, { lotteryId: await stageLottery({ digits: 2 }) })).toEqual(['draw.digits'])
  })

  it('are checked again at publication and when a draft changes', async () => {
    const { operator } = await organisationWithOperator()
    const lotteryId = await stageLottery()
    const draft = await as(operator, 'POST', '/raffles', raffleBody(lotteryTerms(lotteryId)))
    const path = `/raffles/${draft.body.id}`
    const changed = await as(operator, 'PUT', path, { draw: drawOn(lotteryId, { date: '2031-05-06' }) })
    expect(fieldsOf(changed)).toEqual(['drawAt'])
    await moveDraw(lotteryId, '10:00')
    expect(fieldsOf(await as(operator, 'POST', `${path}/publish`))).toEqual(['drawAt'])
  })

  it('start from a template in one call', async () => {
    const { id: organisationId, operator } = await organisationWithOperator()
    const lotteryId = await stageLottery()
    const {
      opensAt,
      closesAt,
      drawAt: _,
      ...terms
    } = raffleBody({ winPolicy: 'perHolder', totalTickets: 50 })
    const template = await as(operator, 'POST', '/raffle-templates', {
      organisationId,
      name: 'La quinta',
      colour: '#aa0000',
      ...terms,
      numbering: 'chosen',
    })
    expect(template.status, JSON.stringify(template.body)).toBe(201)
    const path = `/raffle-templates/${template.body.id}/raffles`
    const started = await as(operator, 'POST', path, { opensAt, closesAt, draw: drawOn(lotteryId) })
    expect(started.status, JSON.stringify(started.body)).toBe(201)
    expect(started.body).toMatchObject({
      drawAt: iso(OFFICIAL_DRAW),
      totalTickets: 1_000,
      winPolicy: 'perTicket',
      onUnclaimed: 'keep',
      maxRedraws: 0,
    })
    expect((await as(operator, 'POST', `/raffles/${started.body.id}/publish`)).status).toBe(200)
    expect(fieldsOf(await as(operator, 'POST', path, { opensAt, closesAt }))).toEqual(['drawAt'])
  })
})

describe('the numbers of a raffle on a lottery', () => {
  it('have their zeros in a refund too', async () => {
    const price = { ticketPrice: KES(10_000), providers: ['sandbox'] }
    const staged = await stageRaffle(lotteryTerms(await stageLottery(), price))
    const player = await registerPlayer()
    const { body } = await purchase(player, staged.id, { numbers: [0, 42] })
    await press(body.order.payment.checkoutUrl, 'approve')
    const { id } = body.order
    const lines = [{ line: 0, tickets: [{ number: 42, label: '042' }] }]
    const made = await refund(staged.operator, id, { lines: [{ line: 0, numbers: [42] }] })
    expect(made.body.lines).toEqual(lines)
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].lines).toEqual(lines)
  })

  it('run from 0, and are shown with leading zeros', async () => {
    const staged = await stageOnLottery()
    const player = await registerPlayer()
    const { status, body } = await buy(player, staged.id, { numbers: [0, 42, 999] })
    expect(status, JSON.stringify(body)).toBe(201)
    const labelled = [
      { number: 0, label: '000' },
      { number: 42, label: '042' },
      { number: 999, label: '999' },
    ]
    expect(body.tickets).toEqual(labelled)
    expect((await as(player, 'GET', `/tickets/${body.reservation.id}`)).body.tickets).toEqual(labelled)
    expect((await as(player, 'GET', '/tickets')).body.data[0].tickets).toEqual(labelled)
    const entries = await as(staged.operator, 'GET', `/raffles/${staged.id}/reservations`)
    expect(entries.body.data[0].tickets).toEqual(labelled)
    const file = await as(staged.operator, 'GET', `/raffles/${staged.id}/reservations.csv`)
    expect(file.body).toContain('000 042 999')
  })

  it('are each sold once, and none beyond the digits', async () => {
    const { id } = await stageOnLottery()
    await entrant(id, [0, 7])
    const taken = await buy(await registerPlayer(), id, { numbers: [7, 8, 0] })
    expect(taken.body).toMatchObject({
      code: 'number_taken',
      detail: 'Taken already: 007, 000.',
      numbers: [7, 0],
    })
    const beyond = await buy(await registerPlayer(), id, { numbers: [1_000] })
    expect(beyond.body).toMatchObject({
      code: 'validation_failed',
      detail: expect.stringMatching(/from 000 to 999/),
    })
  })

  it('are listed while they are free, from 0 on, page by page', async () => {
    const { id } = await stageOnLottery()
    await entrant(id, [1, 3])
    const free = await readAll(`/raffles/${id}/numbers`, 400)
    expect(free).toHaveLength(998)
    expect(free.slice(0, 3)).toEqual([
      { number: 0, label: '000' },
      { number: 2, label: '002' },
      { number: 4, label: '004' },
    ])
    expect(free.at(-1)).toEqual({ number: 999, label: '999' })
  })

  it.each(['sequential', 'random'])(
    'are all given out, 0 included, if the pool assigns them: %s',
    async (numbering) => {
      const lotteryId = await stageLottery()
      const draw = drawOn(lotteryId, { digits: 1 })
      const { id } = await stageRaffle(lotteryTerms(lotteryId, { draw, totalTickets: 10, numbering }))
      const { body } = await buy(await registerPlayer(), id, { quantity: 10 })
      const numbers: number[] = body.tickets.map(({ number }: { number: number }) => number)
      expect(numbers.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect((await buy(await registerPlayer(), id)).body.code).toBe('sold_out')
    },
  )
})

describe('the result', () => {
  it('decides a committed raffle, and anyone can check it', async () => {
    const staged = await stageOnLottery()
    const ana = await entrant(staged.id, [0, 842])
    await entrant(staged.id, [300])
    await holdDraw(staged)
    await sweep()
    expect(await read(staged.id)).toMatchObject({ status: 'committed', round: null })
    const pending = await verifyPublished(staged.id, { allowDev: false })
    expect(pending).toMatchObject({ wrong: [], isProven: true, proof: { attempts: [] } })
    await decide(staged, ['0842', '1301', '7000'])
    expect(await read(staged.id)).toMatchObject({
      status: 'drawn',
      officialResults: { accepted: 1, refused: 0 },
    })
    expect(await shown(staged.id)).toEqual([
      ['1#1', '842', 'announced', 0],
      ['2#2', '000', 'announced', 0],
    ])
    const { proof, wrong, isProven } = await verifyPublished(staged.id, { allowDev: false })
    expect({ wrong, isProven }).toEqual({ wrong: [], isProven: true })
    expect(proof.attempts).toMatchObject([{ numbers: ['0842', '1301', '7000'], source: SOURCE, reason: '' }])
    const again = await as(staged.operator, 'POST', `/raffles/${staged.id}/recalculate`)
    expect(again.body).toEqual({ matches: true, attempts: [{ attempt: 0, matches: true }], takings: null })
    expect(await mailsOf('won')).toContain(ana.id)
  })

  it('gives a prize to the next number that was sold, if the rules say so', async () => {
    const staged = await stageOnLottery({ ifNobody: 'next' })
    await entrant(staged.id, [5, 900])
    await holdDraw(staged)
    await decide(staged, ['0006', '0901', '0000'])
    expect(await shown(staged.id)).toEqual([
      ['1#1', '900', 'announced', 0],
      ['2#1', '005', 'announced', 0],
    ])
  })

  it('dates a receipt that its holder kept', async () => {
    const staged = await stageOnLottery()
    const player = await registerPlayer()
    const { body } = await buy(player, staged.id, { numbers: [0] })
    await holdDraw(staged)
    await decide(staged, ['0000', '0001', '0002'])
    const receipt = (await as(player, 'GET', `/tickets/${body.reservation.id}/receipt`)).body
    expect(receipt.tickets[0]).toMatchObject({ number: 0, label: '000' })
    const { checks, wrong } = await verifyPublished(staged.id, { receipt, allowDev: false })
    expect(wrong).toEqual([])
    expect(checks.every(({ result }) => result === 'holds')).toBe(true)
  })

  it('is waited for, however long it takes', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    await holdDraw(staged)
    at(OFFICIAL_DRAW + 3 * DAY)
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    await decide(staged, ['0001', '0002', '0003'])
    expect((await read(staged.id)).status).toBe('drawn')
  })

  it('that is known before the tickets are committed cancels the raffle', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    // 11:00 UTC, which is before the raffle closes.
    await moveDraw(staged.lotteryId, '06:00')
    await confirmResult(staged.lotteryId, ['0001', '0002', '0003'])
    await sweep()
    at(NOW + MINUTE)
    await sweep()
    expect(await read(staged.id)).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'The official result was published before the list of tickets was fixed.' },
    })
  })

  it('finds a raffle cancelled that committed too late, and its tickets refunded', async () => {
    const lotteryId = await stageLottery()
    const staged = await stagePriced(
      lotteryTerms(lotteryId, { prizes: [cash(500)], numbering: 'sequential', drawAt: iso(OFFICIAL_DRAW) }),
      2,
    )
    at(OFFICIAL_DRAW - LEAD + 1)
    await ringAlarm(staged.pool)
    await sweep()
    expect(await read(staged.id)).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'The list of tickets was not fixed in time before the official draw.' },
    })
    const runs = await env.DB.prepare('SELECT count(*) AS n FROM refund_runs WHERE raffle_id = ?')
      .bind(staged.id)
      .first()
    expect(runs).toEqual({ n: 1 })
  })

  it('comes at its own time, even if sales closed early', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    expect((await as(staged.operator, 'POST', `/raffles/${staged.id}/close`)).status).toBe(200)
    at(NOW + MINUTE)
    await ringAlarm(staged.pool)
    await sweep()
    expect(await read(staged.id)).toMatchObject({
      status: 'committed',
      closeReason: 'operator',
      effectiveDrawAt: iso(OFFICIAL_DRAW),
    })
    at(OFFICIAL_DRAW)
    await decide(staged, ['0001', '0002', '0003'])
    expect(await verifyPublished(staged.id)).toMatchObject({ wrong: [], isProven: true })
  })

  it('cannot come earlier than the end of sales: the time of the lottery stays', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    const admin = await signedInAdmin()
    const move = (time: string) => as(admin, 'PUT', `/lotteries/${staged.lotteryId}`, { time })
    // 13:00 UTC, when the raffle closes.
    const refused = await move('08:00')
    expect(refused.body).toMatchObject({
      code: 'validation_failed',
      errors: [{ path: 'time', message: expect.stringContaining(staged.id) }],
    })
    expect((await move('08:30')).status).toBe(200)
    await as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, { reason: 'The lottery has moved.' })
    expect((await move('08:00')).status).toBe(200)
  })

  it('that could be known before the tickets are committed cancels the raffle', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    // 12:30 UTC. The raffle was being published at this moment, so nothing has refused it.
    await moveDraw(staged.lotteryId, '07:30')
    await env.DB.prepare('UPDATE lotteries SET next_draw_at = ? WHERE id = ?')
      .bind(NOW + 30 * MINUTE, staged.lotteryId)
      .run()
    at(NOW + 29 * MINUTE)
    await sweep()
    expect((await read(staged.id)).status).toBe('open')
    at(NOW + 30 * MINUTE)
    await sweep()
    await sweep()
    expect(await read(staged.id)).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'The official draw was held before the list of tickets was fixed.' },
    })
  })

  it('cancels its raffle if it is recorded too early, although one admin has skipped the draw', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    await moveDraw(staged.lotteryId, '07:30')
    const admin = await signedInAdmin()
    const results = `/lotteries/${staged.lotteryId}/results`
    const skipped = await as(admin, 'POST', `${results}/${DATE}/skip`, { reason: 'A holiday.' })
    expect(skipped.status, JSON.stringify(skipped.body)).toBe(200)
    await sweep()
    expect((await read(staged.id)).status).toBe('open')
    at(NOW + 30 * MINUTE)
    const numbers = ['0001', '0002', '0003']
    const recorded = await as(admin, 'POST', results, {
      date: DATE,
      numbers,
      source: 'https://lottery.example/',
    })
    expect(recorded.status, JSON.stringify(recorded.body)).toBe(201)
    await sweep()
    await sweep()
    expect((await read(staged.id)).status).toBe('cancelled')
  })

  it('that never comes lets the organisation cancel once the claim days are over', async () => {
    const staged = await stageOnLottery({ claimDays: 5 })
    await entrant(staged.id, [1])
    await holdDraw(staged)
    await sweep()
    const cancel = (person: Person) =>
      as(person, 'POST', `/raffles/${staged.id}/cancel`, { reason: 'No result was published.' })
    expect((await cancel(staged.operator)).body.code).toBe('invalid_state')
    expect((await cancel(await signedInAdmin())).body.code).toBe('invalid_state')
    at(OFFICIAL_DRAW + 5 * DAY)
    expect((await cancel(staged.operator)).body.status).toBe('cancelled')
    expect(await verifyPublished(staged.id)).toMatchObject({ wrong: [], isProven: true })
    await decide(staged, ['0001', '0002', '0003'])
    expect(await winnersOf(staged.id)).toEqual([])
  })

  it('cannot be cancelled away', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    await holdDraw(staged)
    await decide(staged, ['0001', '0002', '0003'])
    at(OFFICIAL_DRAW + 20 * DAY)
    const answer = await as(await signedInAdmin(), 'POST', `/raffles/${staged.id}/cancel`, {
      reason: 'Dislike.',
    })
    expect(answer.body.code).toBe('invalid_state')
  })
})

describe('a correction', () => {
  it('voids the winners before it, cancels their claims, and announces its own', async () => {
    const { staged, first, second } = await stageAnnounced()
    const [won] = await wonIn(staged.id)
    expect((await claim(first, won!.id)).status).toBe(200)
    at(OFFICIAL_DRAW + HOUR)
    await decide(staged, ['0002', '0500', '0600'], 'The first number was misread.')
    expect(await shown(staged.id)).toEqual([
      ['1#1', '001', 'void', 0],
      ['1#1', '002', 'announced', 1],
    ])
    const [voided] = await winnersOf(staged.id)
    expect(voided.reason).toBe('The first number was misread.')
    expect((await claim(first, won!.id)).body.code).toBe('invalid_state')
    expect((await deliver(staged.operator, won!.id)).body.code).toBe('invalid_state')
    const corrected = await mailsOf('result_corrected')
    expect(corrected).toContain(first.id)
    expect(corrected).not.toContain(second.id)
    expect(await mailsOf('won')).toContain(second.id)
    const { proof, wrong, isProven } = await verifyPublished(staged.id)
    expect({ wrong, isProven }).toEqual({ wrong: [], isProven: true })
    expect(proof.attempts.map(({ reason }) => reason)).toEqual(['', 'The first number was misread.'])
    const again = await as(staged.operator, 'POST', `/raffles/${staged.id}/recalculate`)
    expect(again.body).toMatchObject({ matches: true, attempts: [{ attempt: 0 }, { attempt: 1 }] })
  })

  it('is refused once a prize is delivered, and the raffle says so', async () => {
    const { staged, first } = await stageAnnounced()
    const [won] = await wonIn(staged.id)
    await claim(first, won!.id)
    expect((await deliver(staged.operator, won!.id)).status).toBe(200)
    await decide(staged, ['0002', '0500', '0600'], 'The first number was misread.')
    expect(await shown(staged.id)).toEqual([['1#1', '001', 'delivered', 0]])
    const { officialResults } = await read(staged.id)
    expect(officialResults).toMatchObject({ accepted: 1, refused: 1 })
    expect(await auditOf(staged.id)).toEqual([
      'raffle.result_accepted ["results.0"] system',
      'raffle.result_refused ["results.1"] system',
    ])
    expect((await verifyPublished(staged.id)).proof.attempts).toHaveLength(1)
  })

  it('after another correction continues the chain, and only the last one counts', async () => {
    const { staged } = await stageAnnounced()
    await confirmResult(staged.lotteryId, ['0002', '0500', '0600'], 'One digit was wrong.')
    await confirmResult(staged.lotteryId, ['0001', '0002', '0600'], 'Two digits were wrong.')
    await Promise.all([sweep(), sweep(), sweep()])
    await sweep()
    const present = (await shown(staged.id)).filter(([, , status]) => status !== 'void')
    expect(present).toEqual([
      ['1#1', '001', 'announced', 2],
      ['2#1', '002', 'announced', 2],
    ])
    const { proof, wrong } = await verifyPublished(staged.id)
    expect(wrong).toEqual([])
    expect(proof.attempts).toHaveLength(3)
  })

  it('keeps a raffle without a winner open until the claim days are over', async () => {
    const { staged } = await stageAnnounced({ claimDays: 3 })
    await decide(staged, ['0700', '0701', '0702'], 'All were misread.')
    expect((await read(staged.id)).status).toBe('drawn')
    at(OFFICIAL_DRAW + HOUR)
    await decide(staged, ['0002', '0701', '0702'], 'The first was misread again.')
    expect((await shown(staged.id)).at(-1)).toEqual(['1#1', '002', 'announced', 2])
    at(OFFICIAL_DRAW + 4 * DAY)
    await sweep()
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
    await decide(staged, ['0001', '0701', '0702'], 'Too late.')
    expect(await read(staged.id)).toMatchObject({
      status: 'settled',
      officialResults: { accepted: 3, refused: 1 },
    })
  })
})

describe('the money of a raffle on a lottery', () => {
  it('leaves a prize that nobody won with the organisation', async () => {
    const staged = await stageMoney(['0700', '0701', '0702'])
    at(OFFICIAL_DRAW + 15 * DAY)
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
    const { organiser, prizes = 0 } = await balances(staged)
    expect({ organiser, prizes }).toEqual({ organiser: 2_700, prizes: 0 })
  })

  it('pays the winner of the corrected result, and never the one before', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    const [first] = await wonIn(staged.id)
    expect((await claimCash(first!)).status).toBe(200)
    const [payout] = await payoutsOf(staged)
    await decide(staged, ['0001', '0700', '0701'], 'The first number was misread.')
    expect((await payoutsOf(staged))[0]).toMatchObject({ id: payout.id, status: 'cancelled' })
    expect((await approve(staged.operator, payout.id)).body.code).toBe('invalid_state')
    const second = (await wonIn(staged.id)).at(-1)!
    expect(second.number).toBe(1)
    expect((await claimCash(second)).status).toBe(200)
    const asked = (await payoutsOf(staged)).find(({ status }) => status === 'requested')
    expect((await approve(staged.operator, asked.id)).status).toBe(200)
    at(OFFICIAL_DRAW + MINUTE)
    await sweep()
    at(OFFICIAL_DRAW + 2 * MINUTE)
    await sweep()
    expect((await shown(staged.id)).map(([, label, status]) => [label, status])).toEqual([
      ['000', 'void'],
      ['001', 'paid'],
    ])
    await decide(staged, ['0002', '0700', '0701'], 'Misread once more.')
    expect((await read(staged.id)).officialResults).toMatchObject({ accepted: 2, refused: 1 })
    const { organiser, prizes = 0 } = await balances(staged)
    expect({ organiser, prizes }).toEqual({ organiser: 2_200, prizes: 0 })
  })

  it('lets a payout that a provider has decide first: a correction waits for it', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    const [first] = await wonIn(staged.id)
    await claimCash(first!)
    const [payout] = await payoutsOf(staged)
    await env.DB.prepare(`UPDATE payouts SET status = 'sent', due_at = NULL WHERE id = ?`)
      .bind(payout.id)
      .run()
    await decide(staged, ['0001', '0700', '0701'], 'The first number was misread.')
    expect(await shown(staged.id)).toEqual([['1#1', '000', 'claimed', 0]])
    await env.DB.prepare(`UPDATE payouts SET status = 'failed' WHERE id = ?`).bind(payout.id).run()
    await sweep()
    expect((await shown(staged.id)).map(([, label, status]) => [label, status])).toEqual([
      ['000', 'void'],
      ['001', 'announced'],
    ])
  })
})

describe('the sweep of a raffle on a lottery', () => {
  async function expectCorrected({ id }: OnLottery) {
    expect(await shown(id)).toEqual([
      ['1#1', '001', 'void', 0],
      ['1#1', '002', 'announced', 1],
    ])
    const { proof, wrong } = await verifyPublished(id)
    expect(wrong).toEqual([])
    expect(proof.attempts).toHaveLength(2)
  }

  it('accepts and announces once when five run concurrently', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    await entrant(staged.id, [2])
    await holdDraw(staged)
    await confirmResult(staged.lotteryId, ['0001', '0500', '0600'])
    await Promise.all([1, 2, 3, 4, 5].map(() => sweep()))
    expect(await shown(staged.id)).toEqual([['1#1', '001', 'announced', 0]])
    await confirmResult(staged.lotteryId, ['0002', '0500', '0600'], 'The first number was misread.')
    await Promise.all([1, 2, 3, 4, 5].map(() => sweep()))
    await sweep()
    await expectCorrected(staged)
  })

  it.each([
    ['before it accepts the result', /^update "raffles" set .*"accepted_results"/i],
    ['before it stores the winners', /^insert into "winners"/i],
    ['while it reads the results', /from "lottery_results"/i],
    ['while it reads the attempts', /^select .*from "attempts"/i],
  ])('that crashes %s is finished by the next', async (_, pattern) => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    await entrant(staged.id, [2])
    await holdDraw(staged)
    allowLogged(rowNotDone('raffle'), 'unexpected error')
    const results: [string[], string?][] = [
      [['0001', '0500', '0600']],
      [['0002', '0500', '0600'], 'The first number was misread.'],
    ]
    for (const [numbers, reason] of results) {
      await confirmResult(staged.lotteryId, numbers, reason)
      const { DB, done } = crashing(pattern)
      await sweep({ DB }).catch(() => {})
      expect(done()).toBe(true)
      at(Date.now() + MINUTE)
      await sweep()
    }
    await expectCorrected(staged)
  })
})
