// One person with several accounts is still one person: whoever was brought in through others is no second person.
import { expect, it } from 'vitest'
import { inviteAndJoin } from '../harness/invitations.ts'
import { addOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, drawOnTime, enter, stageRaffle, useClock } from '../raffles/scenario.ts'
import { confirm, propose, type Won, wonIn } from './prizes.ts'

useClock()

it('a member who was invited through another account is no second person, in neither order', async () => {
  const staged = await stageRaffle({ prizes: [{ title: 'A book', quantity: 2 }] })
  const { operator, organisation } = staged
  await enter(staged.id, 3)
  await drawOnTime(staged)
  const [first, second] = (await wonIn(staged.id)) as [Won, Won]
  const invite = async (by: Person): Promise<Person> => {
    const person = await registerPlayer()
    await inviteAndJoin(by, organisation.id, person)
    return person
  }
  const between = await invite(operator)
  const last = await invite(between)
  await propose(operator, first.id)
  await propose(last, second.id)
  const refusals = async () => [
    (await confirm(last, first.id)).body.detail,
    (await confirm(operator, second.id)).body.detail,
  ]
  const texts = [
    'The proposer of this disqualification invited you to the organisation, or invited who invited you: somebody else must confirm it.',
    'You invited the proposer of this disqualification to the organisation, or invited who invited them: somebody else must confirm it.',
  ]
  expect(await refusals()).toEqual(texts)
  const path = `/organisations/${organisation.id}/members/${between.id}`
  expect((await as(between, 'DELETE', path)).status).toBe(204)
  expect(await refusals()).toEqual(texts)
  const other = await addOperator(organisation.id)
  // Who is a member already was not brought in by this invitation.
  await inviteAndJoin(operator, organisation.id, other)
  for (const { id } of [first, second]) expect((await confirm(other, id)).status).toBe(200)
})
