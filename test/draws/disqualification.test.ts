// Disqualifying takes two people. While a proposal waits for the second one, the prize stands still; it lapses by itself.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import { checkDecidedPayout } from '../../src/payouts/decided-payouts.ts'
import { readPayout } from '../../src/payouts/find-payout.ts'
import type { Answer } from '../harness/client.ts'
import { forgetfulDatabase } from '../harness/faults.ts'
import { inviteAndJoin } from '../harness/invitations.ts'
import { expectLogged } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import {
  approve,
  cash,
  claimCash,
  methodOf,
  payoutsOf,
  stageDrawn as stageCash,
} from '../payouts/payout-stage.ts'
import {
  as,
  at,
  buy,
  crashing,
  DAY,
  DRAW_AT,
  drawOnTime,
  enter,
  HOUR,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  readAll,
  type Staged,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import {
  ADDRESS,
  claim,
  confirm,
  decline,
  deliver,
  disqualify,
  propose,
  type Won,
  withdraw,
  wonIn,
} from './prizes.ts'

useClock()

const REASON = 'Bought under three names'
const LAPSES_AT = DRAW_AT + 3 * DAY
const CLAIM_BY = DRAW_AT + 14 * DAY
const ONE_BOOK = { prizes: [{ title: 'A book', quantity: 1 }] }

interface Drawn extends Staged {
  won: Won
  /** Another member of the organisation. */
  other: Person
}

/** A raffle of an item that was drawn at DRAW_AT, which is the present time. */
async function stageItem(changes: Record<string, unknown> = ONE_BOOK): Promise<Drawn> {
  at(NOW)
  const staged = await stageRaffle(changes)
  await enter(staged.id, 3)
  await drawOnTime(staged)
  const [won] = await wonIn(staged.id)
  return { ...staged, won: won!, other: await addOperator(staged.organisation.id) }
}

/** A drawn raffle of 500 in cash. The sandbox declines the first payout of an amount that ends in 13. */
async function stageMoney(amount = 500): Promise<Drawn> {
  const { won, ...staged } = await stageCash({ prizes: [cash(amount)] })
  return { ...staged, won: won[0]!, other: await addOperator(staged.organisation.id) }
}

const winnerOf = async ({ id }: Staged) => (await winnersOf(id))[0]

const auditOf = async (winnerId: string) =>
  (
    await env.DB.prepare('SELECT action, actor, fields FROM audit WHERE subject_id = ? ORDER BY id')
      .bind(winnerId)
      .all<{ action: string; actor: string; fields: string }>()
  ).results.map(({ action, actor, fields }) => [action, actor, ...JSON.parse(fields)])

const sentBySandbox = (payoutId: string) =>
  env.DB.prepare('SELECT count(*) AS count FROM sandbox_transfers WHERE id LIKE ?')
    .bind(`${payoutId}%`)
    .first('count')

const refused = (answer: Answer, detail: string | RegExp, code = 'invalid_state') => {
  expect(answer.body).toMatchObject({ code, detail: expect.stringMatching(detail) })
}
const waitsText = `waits for a decision until ${iso(LAPSES_AT)}: confirm or withdraw it first`
const reviewedText = (what: string) =>
  `This prize is being reviewed by the organiser; it can be ${what} again at ${iso(LAPSES_AT)}.`

describe('a proposal to disqualify', () => {
  it('changes nothing that the public sees but the time to claim, and shows its reason to members alone', async () => {
    const staged = await stageItem()
    const { operator, won } = staged
    const before = await winnerOf(staged)
    const { status, body } = await propose(operator, won.id)
    expect(status).toBe(200)
    expect(body).toEqual({
      ...before,
      claimBy: iso(CLAIM_BY + 3 * DAY),
      disqualification: {
        reason: REASON,
        proposedBy: operator.id,
        proposedAt: iso(DRAW_AT),
        lapsesAt: iso(LAPSES_AT),
      },
    })
    const shown = { ...before, claimBy: iso(CLAIM_BY + 3 * DAY) }
    expect(await winnerOf(staged)).toEqual(shown)
    for (const person of [null, won.holder, operator]) {
      const { data } = (await as(person, 'GET', `/winners?since=${iso(DRAW_AT)}&limit=100`)).body
      expect(data.find(({ id }: { id: string }) => id === won.id)).toEqual(shown)
    }
    expect((await as(won.holder, 'GET', '/winners?mine=true')).body.data).toEqual([shown])
    expect((await as(operator, 'GET', `/winners/${won.id}/claim`)).body.winner).toEqual(body)
  })

  it('repeated by the same person with the same reason is the same, and with another is refused', async () => {
    const { operator, other, won } = await stageItem()
    const first = await propose(operator, won.id)
    at(DRAW_AT + HOUR)
    expect((await propose(operator, won.id)).body).toEqual(first.body)
    refused(await propose(operator, won.id, 'Another reason'), waitsText)
    refused(await propose(other, won.id), waitsText)
    expect(await auditOf(won.id)).toEqual([['winner.disqualification_proposed', operator.id]])
  })

  it('sent ten times at once is made once, and prolongs the time to claim once', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => propose(operator, won.id)),
      ...Array.from({ length: 5 }, () => propose(other, won.id)),
    ])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
    expect((await winnerOf(staged)).claimBy).toBe(iso(CLAIM_BY + 3 * DAY))
    expect(await auditOf(won.id)).toHaveLength(1)
  })

  it('is made once although the database lost its answer', async () => {
    const staged = await stageItem()
    const { operator, won } = staged
    const { DB, lost } = forgetfulDatabase(env.DB, 1, { of: (query) => /into "disqualif/i.test(query) })
    const body = { reason: REASON }
    const answer = await as(operator, 'POST', `/winners/${won.id}/disqualify`, body, { bindings: { DB } })
    expect([lost(), answer.status]).toEqual([1, 200])
    expect((await winnerOf(staged)).claimBy).toBe(iso(CLAIM_BY + 3 * DAY))
    expect(await auditOf(won.id)).toHaveLength(1)
  })

  it('is refused once the time to claim has ended, because the winner loses the prize anyway', async () => {
    const staged = await stageItem()
    at(CLAIM_BY)
    refused(await propose(staged.operator, staged.won.id), /time to claim this prize has ended/)
    await sweep()
    expect((await winnerOf(staged)).status).toBe('expired')
    refused(await propose(staged.operator, staged.won.id), /is expired cannot be disqualified/)
  })

  it('is found by those who decide, and by nobody else', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    await propose(operator, won.id)
    at(DRAW_AT + 2 * DAY)
    const found = async (person: Person | { id: string }) =>
      (await readAll('/winners?needs=decision', 1, person)).filter(({ id }) => id === won.id)
    for (const person of [operator, other, await signedInAdmin()]) {
      expect(await found(person)).toMatchObject([{ disqualification: { reason: REASON } }])
    }
    const strangers = [won.holder, (await organisationWithOperator()).operator]
    for (const person of [...strangers, await addOperator(staged.organisation.id, 'janitor')]) {
      expect(await found(person)).toEqual([])
    }
    expect((await as(null, 'GET', '/winners?needs=decision')).status).toBe(401)
    expect((await as(operator, 'GET', '/winners?needs=coffee')).status).toBe(422)
    at(LAPSES_AT)
    expect(await found(other)).toEqual([])
  })
})

describe('its confirmation', () => {
  it('disqualifies for the reason, cancels the payout, and the audit names both people', async () => {
    const staged = await stageMoney()
    const { operator, other, won } = staged
    await claimCash(won)
    await propose(operator, won.id)
    expect(await confirm(other, won.id)).toMatchObject({
      status: 200,
      body: { status: 'disqualified', reason: REASON, disqualification: null },
    })
    expect((await payoutsOf(staged))[0].status).toBe('cancelled')
    expect(await auditOf(won.id)).toEqual([
      ['winner.disqualification_proposed', operator.id],
      ['winner.disqualified', other.id, `proposedBy.${operator.id}`],
    ])
    await sweep()
    at(DRAW_AT + MINUTE)
    await sweep()
    expect(await winnersOf(staged.id)).toMatchObject([
      { status: 'disqualified', reason: REASON },
      { status: 'announced', reason: null },
    ])
    refused(await confirm(other, won.id), /No proposal to disqualify this winner waits/)
    refused(await withdraw(other, won.id), /No proposal to disqualify this winner waits/)
  })

  it('needs a proposal, and another person, even where payouts need only one', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    refused(await confirm(other, won.id), /No proposal/)
    await propose(operator, won.id)
    refused(await confirm(operator, won.id), /^You proposed this disqualification/, 'forbidden')
    expect((await winnerOf(staged)).status).toBe('announced')
    expect((await confirm(await signedInAdmin(), won.id)).status).toBe(200)
  })

  it('is not for an administrator who proposed', async () => {
    const { other, won } = await stageItem()
    const admin = await signedInAdmin()
    await propose(admin, won.id)
    refused(await confirm(admin, won.id), /somebody else must confirm it/, 'forbidden')
    expect((await confirm(other, won.id)).status).toBe(200)
  })

  const invited = async (by: Person, organisationId: string): Promise<Person> => {
    const friend = await registerPlayer()
    await inviteAndJoin(by, organisationId, friend)
    return friend
  }

  it('is not for a member whom the proposer invited, nor for one who invited the proposer', async () => {
    const staged = await stageItem({ prizes: [{ title: 'A book', quantity: 2 }] })
    const { operator, organisation, other } = staged
    const [first, second] = (await wonIn(staged.id)) as [Won, Won]
    const friend = await invited(operator, organisation.id)
    await propose(operator, first.id)
    refused(await confirm(friend, first.id), /invited you to the organisation/, 'forbidden')
    await propose(friend, second.id)
    refused(await confirm(operator, second.id), /^You invited the proposer/, 'forbidden')
    const path = `/organisations/${organisation.id}/members/${friend.id}`
    expect((await as(operator, 'DELETE', path)).status).toBe(204)
    refused(await confirm(operator, second.id), /no longer belongs to the organisation/, 'forbidden')
    expect((await confirm(other, first.id)).status).toBe(200)
    expect((await confirm(await signedInAdmin(), second.id)).status).toBe(200)
  })

  it('is not for a new member', async () => {
    const { operator, other, won } = await stageItem()
    await propose(operator, won.id)
    const bindings = { PAYOUT_APPROVER_MIN_DAYS: '7' } as Partial<Bindings>
    const path = `/winners/${won.id}/disqualify/confirm`
    const early = await as(other, 'POST', path, undefined, { bindings })
    refused(early, /Only members of at least 7 days, and administrators, confirm/, 'forbidden')
    expect((await as(await signedInAdmin(), 'POST', path, undefined, { bindings })).status).toBe(200)
  })

  it('of a proposal that was read is not one of the next proposal', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    const admin = await signedInAdmin()
    await propose(operator, won.id)
    await withdraw(other, won.id)
    await propose(other, won.id, 'For another reason')
    refused(await confirm(admin, won.id, { proposedBy: operator.id }), /Another proposal waits by now/)
    expect((await confirm(admin, won.id, { proposedBy: other.id })).body.reason).toBe('For another reason')
  })

  it('and a replacement of the proposal at the same moment do not mix', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    await propose(operator, won.id)
    const { DB, done } = interrupted(/^update "winners"/i, async () => {
      await withdraw(operator, won.id)
      await propose(other, won.id, 'For another reason')
    })
    const path = `/winners/${won.id}/disqualify/confirm`
    const answer = await as(await signedInAdmin(), 'POST', path, undefined, { bindings: { DB } })
    expect(done()).toBe(true)
    refused(answer, /no longer waits/)
    expect(await winnerOf(staged)).toMatchObject({ status: 'announced', reason: null })
    expect((await auditOf(won.id)).map(([action]) => action)).not.toContain('winner.disqualified')
  })

  it('and a withdrawal at the same time: one of them takes effect', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    await propose(operator, won.id)
    const answers = await Promise.all([confirm(other, won.id), withdraw(operator, won.id)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const isConfirmed = answers[0]!.status === 200
    expect((await winnerOf(staged)).status).toBe(isConfirmed ? 'disqualified' : 'announced')
    expect(await auditOf(won.id)).toHaveLength(2)
  })
})

describe('who holds tickets of the raffle', () => {
  it('decides nothing about its winners, an administrator neither', async () => {
    at(NOW)
    const staged = await stageRaffle({ staffMayEnter: true })
    const { operator } = staged
    const other = await addOperator(staged.organisation.id)
    const admin = await signedInAdmin()
    await enter(staged.id, 1)
    for (const person of [operator, admin]) expect((await buy(person, staged.id)).status).toBe(201)
    await drawOnTime(staged)
    const [{ id: winnerId }] = await winnersOf(staged.id)
    const text = 'You hold tickets of this raffle: somebody else must decide.'
    for (const person of [operator, admin]) refused(await propose(person, winnerId), text, 'forbidden')
    expect((await propose(other, winnerId)).status).toBe(200)
    for (const person of [operator, admin]) {
      refused(await confirm(person, winnerId), text, 'forbidden')
      refused(await withdraw(person, winnerId), text, 'forbidden')
    }
    expect((await confirm(await signedInAdmin(), winnerId)).status).toBe(200)
  })

  it('of another raffle decides', async () => {
    const { operator, other, won } = await stageItem()
    at(NOW)
    const elsewhere = await stageRaffle()
    for (const person of [operator, other]) await buy(person, elsewhere.id)
    at(DRAW_AT)
    await propose(operator, won.id)
    expect((await confirm(other, won.id)).status).toBe(200)
  })
})

describe('while a proposal waits', () => {
  it('the winner can neither claim nor decline, and reads until when; after the lapse both work', async () => {
    const staged = await stageItem({ prizes: [{ title: 'A book', quantity: 2 }] })
    const [first, second] = (await wonIn(staged.id)) as [Won, Won]
    for (const { id } of [first, second]) await propose(staged.operator, id)
    at(LAPSES_AT - 1)
    refused(await claim(first.holder, first.id), reviewedText('claimed'))
    refused(await decline(second.holder, second.id), reviewedText('declined'))
    expect((await winnerOf(staged)).status).toBe('announced')
    at(LAPSES_AT)
    expect((await claim(first.holder, first.id)).status).toBe(200)
    expect((await decline(second.holder, second.id)).status).toBe(200)
  })

  it('an address is not corrected, and nothing is delivered', async () => {
    const staged = await stageItem()
    const { operator, won } = staged
    await claim(won.holder, won.id)
    await propose(operator, won.id)
    refused(await claim(won.holder, won.id, { ...ADDRESS, city: 'Mombasa' }), reviewedText('claimed'))
    refused(await deliver(operator, won.id), waitsText)
    const read = await as(operator, 'GET', `/winners/${won.id}/claim`)
    expect(read.body.deliveryAddress).toEqual(ADDRESS)
    at(LAPSES_AT)
    expect((await deliver(operator, won.id)).body.status).toBe('delivered')
  })

  it('a claim does not redirect the money, and makes no payout', async () => {
    const staged = await stageMoney()
    const { operator, won } = staged
    await claimCash(won)
    await propose(operator, won.id)
    const body = { payoutMethodId: await methodOf(won.holder, 'manual') }
    refused(await as(won.holder, 'POST', `/winners/${won.id}/claim`, body), reviewedText('claimed'))
    expect(await payoutsOf(staged)).toMatchObject([{ provider: 'sandbox', status: 'requested' }])
    const unclaimed = await stageMoney()
    await propose(unclaimed.operator, unclaimed.won.id)
    refused(await claimCash(unclaimed.won), reviewedText('claimed'))
    expect(await payoutsOf(unclaimed)).toEqual([])
  })

  it('the payout is not approved, and after the withdrawal it is', async () => {
    const staged = await stageMoney()
    const { operator, other, won } = staged
    await claimCash(won)
    const [{ id }] = await payoutsOf(staged)
    await propose(operator, won.id)
    refused(await approve(other, id), waitsText)
    expect((await payoutsOf(staged))[0].status).toBe('requested')
    await withdraw(other, won.id)
    expect((await approve(other, id)).body.status).toBe('paid')
  })

  it('a payout that failed is not retried', async () => {
    const staged = await stageMoney(513)
    const { operator, other, won } = staged
    await claimCash(won)
    const [{ id }] = await payoutsOf(staged)
    expect((await approve(operator, id)).body.status).toBe('failed')
    await propose(operator, won.id)
    const retry = () =>
      as(other, 'POST', `/payouts/${id}/retry`, undefined, { headers: { 'idempotency-key': newKey() } })
    refused(await retry(), waitsText)
    expect(await sentBySandbox(id)).toBe(1)
    at(LAPSES_AT)
    expect((await retry()).body.status).toBe('paid')
  })

  /** An approved payout whose sending crashed. */
  async function stageUnsent(provider = 'sandbox') {
    const staged = await stageMoney()
    const { operator, won } = staged
    await claimCash(won, provider)
    const [{ id }] = await payoutsOf(staged)
    expectLogged('payout not sent')
    const { DB, done } = crashing(/^update "payouts" set "status" = \?, "tries"/i)
    await as(operator, 'POST', `/payouts/${id}/approve`, undefined, { bindings: { DB } })
    expect([done(), (await payoutsOf(staged))[0].status]).toEqual([true, 'approved'])
    return { ...staged, payoutId: id as string }
  }

  it('the sweep sends no payout that was approved before; after the lapse it does', async () => {
    const staged = await stageUnsent()
    await propose(staged.operator, staged.won.id)
    for (const minutes of [1, 2, 60]) {
      at(DRAW_AT + minutes * MINUTE)
      await sweep()
    }
    expect(await sentBySandbox(staged.payoutId)).toBe(0)
    at(LAPSES_AT)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('paid')
  })

  it('the sweep sends it soon after a withdrawal, and never after a confirmation', async () => {
    const kept = await stageUnsent()
    await propose(kept.operator, kept.won.id)
    await withdraw(kept.other, kept.won.id)
    at(DRAW_AT + MINUTE)
    await sweep()
    expect((await payoutsOf(kept))[0].status).toBe('paid')
    const lost = await stageUnsent()
    await propose(lost.operator, lost.won.id)
    await confirm(lost.other, lost.won.id)
    at(LAPSES_AT + HOUR)
    await sweep()
    expect((await payoutsOf(lost))[0].status).toBe('cancelled')
    expect(await sentBySandbox(lost.payoutId)).toBe(0)
  })

  it('no payment by hand is recorded before the payout is sent', async () => {
    const staged = await stageUnsent('manual')
    const paid = () =>
      as(staged.operator, 'POST', `/payouts/${staged.payoutId}/mark-paid`, { reference: 'FT-1' })
    await propose(staged.operator, staged.won.id)
    refused(await paid(), waitsText)
    expect((await winnerOf(staged)).status).toBe('claimed')
    await withdraw(staged.other, staged.won.id)
    expect((await paid()).body.status).toBe('paid')
  })

  it.each([
    ['the approval', /^update "payouts" set "status"/i],
    ['the sending', /^update "payouts" set "status" = \?, "tries"/i],
  ])('just before %s, nothing is sent', async (_, pattern) => {
    const staged = await stageMoney()
    await claimCash(staged.won)
    const [{ id }] = await payoutsOf(staged)
    const { DB, done } = interrupted(pattern, () => propose(staged.operator, staged.won.id))
    await as(staged.other, 'POST', `/payouts/${id}/approve`, undefined, { bindings: { DB } })
    expect(done()).toBe(true)
    at(DRAW_AT + HOUR)
    await sweep()
    expect(await sentBySandbox(id)).toBe(0)
    expect((await confirm(staged.other, staged.won.id)).body.status).toBe('disqualified')
  })

  it('no operator draws the prize again', async () => {
    const staged = await stageItem()
    await propose(staged.operator, staged.won.id)
    const body = { units: ['1#1'], reason: 'Because we can' }
    const answer = await as(staged.operator, 'POST', `/raffles/${staged.id}/redraws`, body, {
      headers: { 'idempotency-key': newKey() },
    })
    refused(answer, /do not allow a redraw of these units: 1#1/)
    await sweep()
    expect(await winnersOf(staged.id)).toHaveLength(1)
  })

  it('a report that the provider has paid after all is booked, and nothing is left to decide', async () => {
    const staged = await stageMoney(513)
    const { operator, other, won } = staged
    await claimCash(won)
    const [{ id }] = await payoutsOf(staged)
    await approve(operator, id)
    await propose(operator, won.id)
    await env.DB.prepare(`UPDATE sandbox_transfers SET status = 'succeeded' WHERE id = ?`).bind(id).run()
    await checkDecidedPayout(testContext(), (await readPayout(testContext(), id))!)
    expect((await winnerOf(staged)).status).toBe('paid')
    refused(await confirm(other, won.id), /is paid cannot be disqualified/)
    expect(await readAll('/winners?needs=decision', 100, other)).toEqual([])
  })
})

describe('a lapsed or withdrawn proposal', () => {
  it('costs the winner no time, and the sweep does not expire the claim during it', async () => {
    const staged = await stageItem()
    at(CLAIM_BY - HOUR)
    await propose(staged.operator, staged.won.id)
    for (const ms of [CLAIM_BY, CLAIM_BY + DAY, CLAIM_BY - HOUR + 3 * DAY]) {
      at(ms)
      await sweep()
      expect((await winnerOf(staged)).status).toBe('announced')
    }
    at(CLAIM_BY + 3 * DAY - 1)
    expect((await claim(staged.won.holder, staged.won.id)).status).toBe(200)
    const late = await stageItem()
    at(CLAIM_BY - HOUR)
    await propose(late.operator, late.won.id)
    await sweep()
    at(CLAIM_BY + 3 * DAY)
    await sweep()
    expect((await winnerOf(late)).status).toBe('expired')
  })

  it('cannot be confirmed', async () => {
    const staged = await stageItem()
    await propose(staged.operator, staged.won.id)
    at(LAPSES_AT)
    refused(await confirm(staged.other, staged.won.id), /it has lapsed/)
    refused(await withdraw(staged.other, staged.won.id), /it has lapsed/)
    expect((await winnerOf(staged)).status).toBe('announced')
  })

  it('is not made again by the same person', async () => {
    const staged = await stageItem({ ...ONE_BOOK, claimDays: 60 })
    const { operator, other, won } = staged
    await propose(operator, won.id)
    at(LAPSES_AT)
    refused(await propose(operator, won.id), /somebody else must propose it now/)
    await propose(other, won.id)
    expect((await withdraw(other, won.id)).body).toMatchObject({
      status: 'announced',
      disqualification: null,
    })
    refused(await propose(other, won.id), /somebody else must propose it now/)
    expect(await auditOf(won.id)).toEqual([
      ['winner.disqualification_proposed', operator.id],
      ['winner.disqualification_proposed', other.id],
      ['winner.disqualification_withdrawn', other.id, `proposedBy.${other.id}`],
    ])
  })

  it('is withdrawn by any other member who manages winners, and not by a stranger', async () => {
    const staged = await stageItem()
    const { operator, other, won } = staged
    await propose(operator, won.id)
    expect((await withdraw(won.holder, won.id)).status).toBe(404)
    expect((await withdraw(other, won.id)).status).toBe(200)
    expect((await claim(won.holder, won.id)).status).toBe(200)
    expect((await auditOf(won.id)).at(-1)).toEqual([
      'winner.disqualification_withdrawn',
      other.id,
      `proposedBy.${operator.id}`,
    ])
  })

  it('is followed by no more than two by members; then only an administrator may propose', async () => {
    const staged = await stageItem()
    const { operator, other, organisation, won } = staged
    const third = await addOperator(organisation.id)
    for (const person of [operator, other, third]) {
      expect((await propose(person, won.id)).status).toBe(200)
      expect((await withdraw(person, won.id)).status).toBe(200)
    }
    const fourth = await addOperator(organisation.id)
    refused(await propose(fourth, won.id), /an administrator must propose it now/, 'limit_reached')
    expect((await winnerOf(staged)).claimBy).toBe(iso(CLAIM_BY + 9 * DAY))
    expect((await propose(await signedInAdmin(), won.id)).status).toBe(200)
    expect((await confirm(fourth, won.id)).body.status).toBe('disqualified')
  })
})

describe('a reminder to claim', () => {
  it('waits until the review has lapsed', async () => {
    const staged = await stageItem()
    const remindersAt = async (ms: number) => {
      at(ms)
      await sweep()
      const { results } = await env.DB.prepare(
        `SELECT kind FROM mails WHERE subject = ? AND kind LIKE 'claim%' ORDER BY kind`,
      )
        .bind(staged.won.id)
        .all()
      return results.map(({ kind }) => kind)
    }
    at(CLAIM_BY - 3 * DAY - HOUR)
    await propose(staged.operator, staged.won.id)
    // The claim window now ends three days later.
    expect(await remindersAt(CLAIM_BY - 2 * HOUR)).toEqual([])
    expect(await remindersAt(CLAIM_BY)).toEqual(['claim_reminder_3d'])
    const short = await stageItem()
    at(CLAIM_BY - 2 * HOUR)
    await propose(short.operator, short.won.id)
    at(CLAIM_BY + 2 * DAY)
    await sweep()
    const mails = env.DB.prepare(
      `SELECT count(*) AS count FROM mails WHERE subject = ? AND kind LIKE 'claim%'`,
    )
    expect(await mails.bind(short.won.id).first('count')).toBe(0)
  })
})

describe('a claimed address', () => {
  const readClaim = async ({ operator, won }: Drawn) =>
    (await as(operator, 'GET', `/winners/${won.id}/claim`)).body

  it('can be corrected by its winner until it is delivered', async () => {
    const staged = await stageItem()
    const { operator, won } = staged
    await claim(won.holder, won.id)
    at(CLAIM_BY + DAY)
    const moved = { ...ADDRESS, city: 'Mombasa' }
    expect(await claim(won.holder, won.id, moved)).toMatchObject({
      status: 200,
      body: { winner: { status: 'claimed' }, deliveryAddress: moved },
    })
    expect((await readClaim(staged)).deliveryAddress).toEqual(moved)
    const row = env.DB.prepare('SELECT claimed_at FROM winners WHERE id = ?').bind(won.id)
    expect(await row.first('claimed_at')).toBe(DRAW_AT)
    expect((await claim(await registerPlayer(), won.id, moved)).status).toBe(404)
    await deliver(operator, won.id)
    refused(await claim(won.holder, won.id), /^This prize is delivered already\.$/)
    expect((await readClaim(staged)).deliveryAddress).toEqual(moved)
  })

  it('that was corrected after it was read is not marked as delivered', async () => {
    const staged = await stageItem()
    const { operator, won } = staged
    await claim(won.holder, won.id)
    const { updatedAt: stale } = await readClaim(staged)
    await claim(won.holder, won.id, { ...ADDRESS, city: 'Mombasa' })
    const { updatedAt: fresh } = await readClaim(staged)
    // Also within the same millisecond.
    expect(fresh).not.toBe(stale)
    refused(await deliver(operator, won.id, { claimUpdatedAt: stale }), /has changed since you read it/)
    expect((await deliver(operator, won.id, { claimUpdatedAt: 'yesterday' })).status).toBe(422)
    expect((await deliver(operator, won.id, { claimUpdatedAt: fresh })).body.status).toBe('delivered')
  })

  it('is corrected or delivered, whichever is first', async () => {
    const staged = await stageItem()
    const { operator, won } = staged
    await claim(won.holder, won.id)
    const { DB, done } = interrupted(/^update "winners"/i, () => deliver(operator, won.id))
    const body = { deliveryAddress: { ...ADDRESS, city: 'Mombasa' } }
    const late = await as(won.holder, 'POST', `/winners/${won.id}/claim`, body, { bindings: { DB } })
    expect(done()).toBe(true)
    refused(late, 'This prize is delivered already.')
    expect((await readClaim(staged)).deliveryAddress).toEqual(ADDRESS)
  })
})

describe('a stranger', () => {
  it('gets the answer for an unknown winner at each of these doors', async () => {
    const { won } = await stageItem()
    const { operator: stranger } = await organisationWithOperator()
    for (const act of [propose, confirm, withdraw, disqualify]) {
      const theirs = await act(stranger, won.id)
      const unknown = await act(stranger, newId('winner'))
      expect(theirs.status).toBe(404)
      expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
    }
  })
})
