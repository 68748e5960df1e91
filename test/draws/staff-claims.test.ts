// The last line of defence: members of the organisation cannot claim prizes of a raffle that they may not enter.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { prove } from '../harness/invitations.ts'
import {
  as,
  at,
  CLOSES_AT,
  DAY,
  DRAW_AT,
  drawOnTime,
  enter,
  NOW,
  type Staged,
  stageRaffle,
  useClock,
} from '../raffles/scenario.ts'
import { claim, decline, type Won, wonIn } from './prizes.ts'

useClock()

async function stageWon(changes: Record<string, unknown> = {}): Promise<Staged & { won: Won }> {
  const staged = await stageRaffle(changes)
  await enter(staged.id, 1)
  await drawOnTime(staged)
  const [won] = await wonIn(staged.id)
  return { ...staged, won: won! }
}

const join = ({ organisation, won }: Staged & { won: Won }, joinedAt: number) =>
  env.DB.prepare('INSERT INTO members (organisation_id, user_id, role, created_at) VALUES (?, ?, ?, ?)')
    .bind(organisation.id, won.holder.id, 'operator', joinedAt)
    .run()

const leave = ({ won }: { won: Won }, leftAt: number) =>
  env.DB.batch([
    env.DB.prepare('DELETE FROM members WHERE user_id = ?').bind(won.holder.id),
    env.DB.prepare('UPDATE former_members SET left_at = ? WHERE user_id = ?').bind(leftAt, won.holder.id),
  ])

describe('a winner who joined the organisation', () => {
  it('before the draw cannot claim, but can decline', async () => {
    const staged = await stageWon()
    await join(staged, CLOSES_AT)
    const { status, body } = await claim(staged.won.holder, staged.won.id)
    expect({ status, detail: body.detail }).toEqual({
      status: 403,
      detail: 'Members of the organisation cannot claim prizes of this raffle.',
    })
    expect((await decline(staged.won.holder, staged.won.id)).body.status).toBe('declined')
  })

  it('after the announcement keeps the prize', async () => {
    const staged = await stageWon()
    at(DRAW_AT + DAY)
    await join(staged, DRAW_AT + DAY)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(200)
  })

  it('may claim if the terms let members enter', async () => {
    const staged = await stageWon({ staffMayEnter: true })
    await join(staged, CLOSES_AT)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(200)
  })
})

describe('a winner who is invited after the announcement', () => {
  it('joins once nothing is left to claim, so that a removal takes no prize away', async () => {
    const { won, organisation, operator } = await stageWon()
    const { id, holder } = won
    await prove(holder)
    const invitations = `/organisations/${organisation.id}/invitations`
    const { email } = (await as(holder, 'GET', '/users/me')).body
    const invited = await as(operator, 'POST', invitations, { email, role: 'operator' })
    const accept = () => as(holder, 'POST', `/users/me/invitations/${invited.body.id}/accept`)
    const refusal = {
      code: 'invalid_state',
      detail:
        'You have won a prize of “Signed first editions”, and members of this organisation cannot claim it: join once you have got it.',
    }
    expect((await accept()).body).toMatchObject(refusal)
    expect((await claim(holder, id)).status).toBe(200)
    // The address can still be corrected.
    expect((await accept()).body).toMatchObject(refusal)
    await as(operator, 'POST', `/winners/${id}/deliver`, {})
    expect((await accept()).status).toBe(200)
  })
})

describe('a winner who left the organisation', () => {
  it('keeps a prize that was announced before they joined, also if they were removed', async () => {
    const staged = await stageWon()
    at(DRAW_AT + 2 * DAY)
    await join(staged, DRAW_AT + DAY)
    await leave(staged, DRAW_AT + 2 * DAY)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(200)
  })

  it('cannot claim a ticket of the thirty days after that, and can claim later ones', async () => {
    const staged = await stageWon()
    await join(staged, NOW - 90 * DAY)
    await leave(staged, NOW - 30 * DAY + 1)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(403)
    // A later membership does not hide the earlier one.
    await join(staged, DRAW_AT + 1)
    await leave(staged, NOW - 30 * DAY + 1)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(403)
    await leave(staged, NOW - 30 * DAY)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(200)
  })
})
