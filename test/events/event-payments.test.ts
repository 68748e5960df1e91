// The payments and orders of one event, for members who manage its payments.
import { describe, expect, it } from 'vitest'
import { paid, press, stagePriced } from '../checkout/checkout.ts'
import { organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, useClock } from '../raffles/scenario.ts'
import { bought, placed } from './event-orders.ts'
import { stageEvent } from './event-stage.ts'

useClock()

const list = async (who: Person, path: string) => (await as(who, 'GET', path)).body
const idsOf = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)

describe('the payments of an event', () => {
  it('are those of orders with its tickets, the newest order first, page by page', async () => {
    const staged = await stageEvent()
    const other = await stageEvent({ title: 'Another one' }, staged.organisation)
    const [first, second] = [await registerPlayer(), await registerPlayer()]
    await bought(first, other, { vip: 1 })
    const early = await bought(first, staged, { free: 1, regular: 1 })
    const late = await bought(second, staged, { vip: 1, regular: 1 })
    const open = await placed(first, staged, { regular: 1 })
    const expected = [open, late, early].map(({ payment }) => payment.id)
    const path = `/payments?eventId=${staged.id}`
    const all = await list(staged.operator, path)
    expect([idsOf(all), all.nextCursor]).toEqual([expected, null])
    const page = await list(staged.operator, `${path}&limit=2`)
    expect(idsOf(page)).toEqual(expected.slice(0, 2))
    expect(idsOf(await list(staged.operator, `${path}&limit=2&cursor=${page.nextCursor}`))).toEqual([
      early.payment.id,
    ])
    expect(idsOf(await list(staged.operator, `${path}&status=succeeded`))).toEqual(expected.slice(1))
    expect(idsOf(await list(staged.operator, `${path}&needs=attention`))).toEqual([])
    await press(late.payment.checkoutUrl, 'dispute')
    expect(idsOf(await list(staged.operator, `${path}&needs=attention`))).toEqual([late.payment.id])
  })

  it('are hidden from everybody else, and a buyer sees the own ones', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const mine = await bought(player, staged, { vip: 1 })
    await bought(await registerPlayer(), staged, { vip: 1 })
    const { operator: stranger } = await organisationWithOperator()
    for (const who of [player, stranger]) {
      expect((await as(who, 'GET', `/payments?eventId=${staged.id}`)).status).toBe(404)
    }
    const raffle = await stagePriced()
    await paid(player, raffle.id)
    expect(idsOf(await list(player, `/payments?mine=true&eventId=${staged.id}`))).toEqual([mine.payment.id])
  })
})

describe('the orders of an event', () => {
  it('are listed for its organisation, and a buyer finds the own ones', async () => {
    const staged = await stageEvent()
    const { organisation, operator } = staged
    const player = await registerPlayer()
    const other = await bought(player, await stageEvent({ title: 'Another one' }, organisation), { vip: 1 })
    const early = await bought(player, staged, { regular: 1, vip: 1 })
    const late = await placed(await registerPlayer(), staged, { vip: 1 })
    const path = `/orders?organisationId=${organisation.id}&eventId=${staged.id}`
    expect(idsOf(await list(operator, path))).toEqual([late.id, early.id])
    const page = await list(operator, `${path}&limit=1`)
    expect(idsOf(await list(operator, `${path}&limit=1&cursor=${page.nextCursor}`))).toEqual([early.id])
    expect(idsOf(await list(operator, `${path}&status=paid`))).toEqual([early.id])
    expect(idsOf(await list(player, '/orders'))).toEqual([early.id, other.id])
    expect(idsOf(await list(player, `/orders?eventId=${staged.id}`))).toEqual([early.id])
  })

  it('of another organisation are not found', async () => {
    const staged = await stageEvent()
    const { operator, id } = await organisationWithOperator()
    const { status } = await as(operator, 'GET', `/orders?organisationId=${id}&eventId=${staged.id}`)
    expect(status).toBe(404)
  })
})
