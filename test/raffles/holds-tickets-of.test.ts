// Whether somebody may join an organisation: not with tickets of a raffle that its members may not enter.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { holdsTicketsOf } from '../../src/raffles/holds-tickets-of.ts'
import { mailsTo, tokenIn } from '../accounts/mail/mailbox.ts'
import { decline, wonIn } from '../draws/prizes.ts'
import { inviteAndJoin, prove } from '../harness/invitations.ts'
import { type Person, registerPlayer, testContext } from '../harness/people.ts'
import { as, buy, drawOnTime, enter, type Staged, stageRaffle, sweep, useClock } from './scenario.ts'

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
    const second = await stageRaffle({ title: 'The second' }, raffle.organisation)
    await buy(player!, second.id)
    expect(await titlesOf(player!, raffle)).toEqual(['The first', 'The second'])
    await drawOnTime(raffle)
    expect(await titlesOf(player!, raffle)).toEqual(['The second'])
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

  it('cannot accept an invitation, by its mail or its id, until they are drawn', async () => {
    const raffle = await stageRaffle({ title: 'The first' })
    const [player] = await enter(raffle.id, 1)
    const path = `/organisations/${raffle.organisation.id}/invitations`
    const invitation = { email: player!.email, role: 'operator' }
    const { id } = (await as(raffle.operator, 'POST', path, invitation)).body
    await sweep()
    const [mail] = await mailsTo(player!.email)
    const byMail = await as(player!, 'POST', '/invitations/accept', { token: tokenIn(mail!) })
    await prove(player!)
    const byId = await as(player!, 'POST', `/users/me/invitations/${id}/accept`)
    for (const { body } of [byMail, byId]) {
      expect(body).toMatchObject({
        code: 'invalid_state',
        detail: 'Members of this organisation cannot have tickets of “The first”: join once they are drawn.',
      })
    }
    await drawOnTime(raffle)
    for (const prize of await wonIn(raffle.id)) await decline(prize.holder, prize.id)
    expect((await as(player!, 'POST', `/users/me/invitations/${id}/accept`)).status).toBe(200)
    expect(await membershipsOf(player!)).toEqual([raffle.organisation.id])
  })

  it('joins without such tickets', async () => {
    const { organisation, operator } = await stageRaffle()
    const player = await registerPlayer()
    await inviteAndJoin(operator, organisation.id, player)
    expect(await membershipsOf(player)).toEqual([organisation.id])
  })
})

async function membershipsOf({ id }: Person): Promise<unknown[]> {
  const { results } = await env.DB.prepare('SELECT organisation_id FROM members WHERE user_id = ?')
    .bind(id)
    .all()
  return results.map(({ organisation_id }) => organisation_id)
}
