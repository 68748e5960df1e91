import { describe, expect, it } from 'vitest'
import { dev } from '../../src/rdp1/chains.ts'
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { verifyPublished } from '../draws/proof-check.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  DRAW_AT,
  drawOnTime,
  enter,
  holderOf,
  read,
  ringAlarm,
  SECOND,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'

useClock()

const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }

describe('a raffle from the first entry to the last prize', () => {
  it('goes from open to settled, and anyone can verify its draw at every step', async () => {
    const staged = await stageRaffle({
      prizes: [
        { title: 'A book', quantity: 2 },
        { title: 'A pencil', quantity: 1 },
      ],
    })
    const { id, operator } = staged
    const people = await enter(id, 5)
    const leaver = await registerPlayer()
    const { body: refunded } = await buy(leaver, id)
    const { pool, seq } = reservationAddress(refunded.reservation.id)
    await askPool(testContext(), pool, (stub) => stub.void(seq, refunded.reservation.id, null))
    await enter(id, 1)
    expect(await read(id)).toMatchObject({ status: 'open', sold: 6 })
    expect((await as(null, 'GET', `/raffles/${id}/proof`)).status).toBe(404)

    at(CLOSES_AT)
    expect((await read(id)).status).toBe('closed')
    expect(await ringAlarm(staged.pool)).toBe(true)
    const round = DRAW_AT / SECOND - dev.genesis + 1
    expect(await read(id)).toMatchObject({ status: 'committed', round, closeReason: 'scheduled' })
    const committed = await verifyPublished(id)
    expect(committed.wrong).toEqual([])
    expect(committed.isProven).toBe(true)
    expect(committed.proof).toMatchObject({ ticketCount: 6, log: { size: 8 }, round, committedAt: CLOSES_AT })
    expect(committed.proof.attempts).toMatchObject([
      { attempt: 0, units: ['1#1', '1#2', '2#1'], winners: null },
    ])

    at(DRAW_AT - 1)
    await sweep()
    expect((await read(id)).status).toBe('committed')
    at(DRAW_AT)
    await sweep()
    expect((await read(id)).status).toBe('drawn')
    const winners = await winnersOf(id)
    expect(winners.map(({ unit }) => unit)).toEqual(['1#1', '1#2', '2#1'])

    const [mine] = (await as(people[0]!, 'GET', '/tickets')).body.data
    const { body: receipt } = await as(people[0]!, 'GET', `/tickets/${mine.reservation.id}/receipt`)
    const drawn = await verifyPublished(id, { receipt })
    expect(drawn.wrong).toEqual([])
    expect(drawn.isProven).toBe(true)
    expect(drawn.checks.every(({ result }) => result === 'holds')).toBe(true)
    expect(drawn.proof.attempts[0]!.winners!.map(({ unit, ticket }) => [unit, ticket])).toEqual(
      winners.map(({ unit, number }) => [unit, number]),
    )
    // The files published at the commitment never change.
    expect(drawn.listCsv).toBe(committed.listCsv)
    expect(drawn.logCsv).toBe(committed.logCsv)
    expect({ ...drawn.proof, attempts: [] }).toEqual({ ...committed.proof, attempts: [] })

    for (const { id: winnerId } of winners) {
      const winner = await holderOf(winnerId)
      await as(winner, 'POST', `/winners/${winnerId}/claim`, { deliveryAddress: ADDRESS })
      await sweep()
      expect((await read(id)).status).toBe('drawn')
      await as(operator, 'POST', `/winners/${winnerId}/deliver`)
    }
    await sweep()
    expect((await read(id)).status).toBe('settled')
    expect((await verifyPublished(id)).isProven).toBe(true)
  })

  it('keeps a receipt from before the freeze valid, and shows its voided ticket', async () => {
    const staged = await stageRaffle({ maxPerUser: null })
    const player = await registerPlayer()
    const { body: purchase } = await buy(player, staged.id, { quantity: 3 })
    const { pool, seq } = reservationAddress(purchase.reservation.id)
    const receiptPath = `/tickets/${purchase.reservation.id}/receipt`
    const { body: early } = await as(player, 'GET', receiptPath)
    expect(early.commitment).toBeNull()
    await enter(staged.id, 2)
    await askPool(testContext(), pool, (stub) => stub.void(seq, purchase.reservation.id, [2]))
    await drawOnTime(staged)
    const { checks, wrong, listCsv } = await verifyPublished(staged.id, { receipt: early })
    expect(wrong).toEqual([])
    const says = (number: number) => checks.find(({ name }) => name === `entry of ticket ${number}`)?.says
    expect(says(1)).toContain('takes part in the draw')
    expect(says(2)).toContain('was voided later')
    expect(listCsv.split('\n').map((row: string) => row.split(',')[0])).toEqual([
      'number',
      '1',
      '3',
      '4',
      '5',
      '',
    ])
    const { body: late } = await as(player, 'GET', receiptPath)
    expect(late.tickets.map(({ number }: { number: number }) => number)).toEqual([1, 3])
    expect((await verifyPublished(staged.id, { receipt: late })).isProven).toBe(true)
  })
})
