// Whether somebody may join an organisation: not with tickets of a raffle that its members may not enter.
import { describe, expect, it } from 'vitest'
import { holdsTicketsOf, refuseHolders } from '../../src/raffles/holds-tickets-of.ts'
import { type Person, registerPlayer, testContext } from '../harness/people.ts'
import { as, buy, drawOnTime, enter, type Staged, stageRaffle, useClock } from './scenario.ts'

useClock()

describe('somebody who is to become a member', () => {
  const titlesOf = ({ id }: Person, { organisation }: Staged) =>
    holdsTicketsOf(testContext(), id, organisation.id)

  it('holds tickets of raffles of that organisation until they are drawn', async () => {
    const raffle = await stageRaffle({ title: 'The first', maxPerUser: null })
    const [player, ...others] = await enter(raffle.id, 2)
    expect(await titlesOf(player!, raffle)).toEqual(['The first'])
    await buy(player!, raffle.id)
    expect(await titlesOf(player!, raffle)).toEqual(['The first'])
    expect(await titlesOf(player!, await stageRaffle())).toEqual([])
    expect(await titlesOf(await registerPlayer(), raffle)).toEqual([])
    await drawOnTime(raffle)
    expect(await titlesOf(player!, raffle)).toEqual([])
    expect(await titlesOf(others[0]!, raffle)).toEqual([])
  })

  it('may hold tickets of raffles that its members may enter, and of cancelled ones', async () => {
    const open = await stageRaffle({ staffMayEnter: true })
    const [player] = await enter(open.id, 1)
    expect(await titlesOf(player!, open)).toEqual([])
    const raffle = await stageRaffle()
    const [other] = await enter(raffle.id, 1)
    expect(await titlesOf(other!, raffle)).toEqual(['Signed first editions'])
    await as(raffle.operator, 'POST', `/raffles/${raffle.id}/cancel`, { reason: 'The hall has burnt down.' })
    expect(await titlesOf(other!, raffle)).toEqual([])
  })

  it('is refused with the titles of these raffles', async () => {
    const raffle = await stageRaffle({ title: 'The first' })
    const second = await stageRaffle({ title: 'The second' }, raffle.organisation)
    const [player] = await enter(raffle.id, 1)
    await buy(player!, second.id)
    await expect(refuseHolders(testContext(), player!.id, raffle.organisation.id)).rejects.toMatchObject({
      code: 'invalid_state',
      message:
        'Members of this organisation cannot have tickets of “The first”, “The second”: join once they are drawn.',
    })
    await refuseHolders(testContext(), (await registerPlayer()).id, raffle.organisation.id)
  })
})
