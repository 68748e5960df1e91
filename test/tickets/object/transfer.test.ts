// A transferred number in the database and in its order: who sees it, and who takes it back.
import { expect, it } from 'vitest'
import { askPool } from '../../../src/tickets/client.ts'
import { poolNameOf, reservationAddress } from '../../../src/tickets/reservation-id.ts'
import { orderOf, press } from '../../checkout/checkout.ts'
import { stageEvent } from '../../events/event-stage.ts'
import { type Person, registerPlayer, testContext } from '../../harness/people.ts'
import { as, catchUp, newKey, useClock } from '../../raffles/scenario.ts'

useClock()

const giveTo = (person: Person, reservationId: string, number: number, key = newKey()) =>
  askPool(testContext(), reservationAddress(reservationId).pool, (pool) =>
    pool.transfer(reservationAddress(reservationId).seq, reservationId, number, { holder: person.id, key }),
  )

const numbersOf = async (person: Person, orderId: string): Promise<number[]> =>
  (await orderOf(person, orderId)).lines[0].tickets.map(({ number }: { number: number }) => number).toSorted()

const ticketsOf = async (person: Person) => (await as(person, 'GET', '/tickets')).body.data

it('a paid admission moves to another person, and a refund of the order takes it back there', async () => {
  const staged = await stageEvent()
  const [amina, brian] = [await registerPlayer(), await registerPlayer()]
  const placed = await as(
    amina,
    'POST',
    '/orders',
    {
      lines: [{ ticketTypeId: staged.types.regular, quantity: 2 }],
      payment: { provider: 'sandbox' },
    },
    { headers: { 'idempotency-key': newKey() } },
  )
  await press(placed.body.payment.checkoutUrl, 'approve')
  await catchUp(staged.types.regular)
  const { id } = placed.body
  const [mine] = await ticketsOf(amina)

  const given = await giveTo(brian, mine.reservation.id, 1)
  expect(given).toMatchObject({ ok: true, reservation: { numbers: [1], state: 'sold' } })
  expect((await ticketsOf(amina))[0]).toMatchObject({
    reservation: { state: 'sold' },
    tickets: [{ number: 2 }],
  })
  expect((await ticketsOf(brian))[0]).toMatchObject({
    reservation: { state: 'sold', ticketTypeId: staged.types.regular },
    tickets: [{ number: 1 }],
  })
  expect(await numbersOf(amina, id)).toEqual([1, 2])

  await giveTo(brian, mine.reservation.id, 2)
  expect((await ticketsOf(amina))[0].reservation.state).toBe('transferred')
  expect(await numbersOf(amina, id)).toEqual([1, 2])

  const refunded = await as(
    staged.operator,
    'POST',
    `/orders/${id}/refunds`,
    { lines: [{ line: 0, numbers: [1] }], reason: 'She cannot come.' },
    { headers: { 'idempotency-key': newKey() } },
  )
  expect(refunded.status, JSON.stringify(refunded.body)).toBe(201)
  const states = (await ticketsOf(brian)).map(
    ({ reservation }: { reservation: { state: string } }) => reservation.state,
  )
  expect(states).toEqual(['sold', 'voided'])
  expect((await ticketsOf(amina))[0].reservation.state).toBe('transferred')
  const state = await askPool(testContext(), poolNameOf(staged.types.regular), (pool) => pool.state())
  expect(state).toMatchObject({ sold: 1, held: 0 })
})
