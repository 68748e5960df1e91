// The audit: each action of a member or admin leaves one row with actor, action and subject; a refusal leaves none.
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { isFirst } from '../../src/audit/insert-audit.ts'
import { type AuditAction, audit } from '../../src/audit/schema.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { scan, stageTicket } from '../admissions/door-stage.ts'
import { BOOK, stageProduct } from '../catalog/shelf.ts'
import { paid, purchase, stagePriced, withKey } from '../checkout/checkout.ts'
import { disqualify, propose } from '../draws/prizes.ts'
import { ENDS_AT, eventBody, STARTS_AT, stageDraftEvent, stageEvent, TYPES } from '../events/event-stage.ts'
import { STRIPE_SETTINGS } from '../fakes/stripe/settings.ts'
import { FakeStripe } from '../fakes/stripe/stripe.ts'
import type { Answer, Method } from '../harness/client.ts'
import { forgetfulDatabase } from '../harness/faults.ts'
import { prove } from '../harness/invitations.ts'
import { expectLogged } from '../harness/log.ts'
import { connect } from '../harness/network.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
  uniqueEmail,
} from '../harness/people.ts'
import { lotteryBody, NUMBERS, SOURCE } from '../lotteries/lottery-stage.ts'
import { cash, claimCash, stageDrawn as stageCash, stageSettled, TO_BANK } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  DAY,
  drawOnTime,
  enter,
  holderOf,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  raffleBody,
  ringAlarm,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { seriesBody, stageSeries } from '../raffles/series-stage.ts'

useClock()

type Row = typeof audit.$inferSelect

const rows = async (): Promise<Row[]> => testContext().db.select().from(audit).orderBy(audit.id)
const rowsOf = async (subjectId: string): Promise<Row[]> =>
  (await rows()).filter((row) => row.subjectId === subjectId)
const actionsOf = async (subjectId: string): Promise<AuditAction[]> =>
  (await rowsOf(subjectId)).map(({ action }) => action)

/** A request that must be audited, with its own data. */
interface Act {
  actor: Person
  method: Method
  path: string
  body?: unknown
  /** Null: the platform. */
  organisationId: string | null
  /** Absent: the answer's `id`, for a request that creates something. */
  subject?: string
  /** The fields of the row, if they name a person of this request's data. */
  fields?: string[]
  /** Somebody who is refused; absent: a player who belongs to no organisation. */
  stranger?: Person
  /** Settings of the worker that it needs. */
  settings?: object
}

interface Expected {
  kind: string
  fields?: string[]
  /** Each repeat changes something again; absent: a repeat changes nothing or is refused. */
  everyTime?: true
  /** The same request also writes this action, first. */
  also?: AuditAction
}

const perform = ({ actor, method, path, body, settings }: Act, by = actor, key = newKey()): Promise<Answer> =>
  as(by, method, path, body, { ...withKey(key), ...(settings === undefined ? {} : { bindings: settings }) })

/** A request about a raffle, by its operator. */
const ofRaffle = ({ id, operator, organisation }: Staged, path: string, body?: unknown): Act => ({
  actor: operator,
  method: 'POST',
  path: `/raffles/${id}${path}`,
  body,
  organisationId: organisation.id,
  subject: id,
})

async function wonItem(): Promise<Staged & { winnerId: string }> {
  const staged = await stageRaffle()
  await enter(staged.id, 2)
  await drawOnTime(staged)
  const [winner] = await winnersOf(staged.id)
  return { ...staged, winnerId: winner.id }
}

const ADDRESS = { name: 'Zawadi wa Kamau', lines: ['1 Moi Avenue'], city: 'Nairobi', country: 'KE' }

/** An open invitation to a person who has proved the address. */
async function invited() {
  const { id: organisationId, operator } = await organisationWithOperator()
  const invited = await registerPlayer()
  await prove(invited)
  const body = { email: invited.email, role: 'operator' }
  const answer = await as(operator, 'POST', `/organisations/${organisationId}/invitations`, body)
  return { invitationId: answer.body.id as string, organisationId, operator, invited }
}

const ofWinner = (
  { operator, organisation, winnerId }: Staged & { winnerId: string },
  verb: string,
  body?: unknown,
): Act => ({
  actor: operator,
  method: 'POST',
  path: `/winners/${winnerId}/${verb}`,
  body,
  organisationId: organisation.id,
  subject: winnerId,
})

/** The operator decides about a proposal by another member to disqualify; the row names who proposed. */
async function ofProposal(verb: 'confirm' | 'withdraw'): Promise<Act> {
  const staged = await wonItem()
  const proposer = await addOperator(staged.organisation.id)
  expect((await propose(proposer, staged.winnerId, WRITTEN)).status).toBe(200)
  return { ...ofWinner(staged, `disqualify/${verb}`), fields: [`proposedBy.${proposer.id}`] }
}

/** A payout that an operator requested for an organisation. */
async function requested(provider = 'sandbox') {
  const staged = await stageSettled()
  const body = { raffleId: staged.id, ...TO_BANK, provider }
  const answer = await as(staged.operator, 'POST', '/payouts', body, withKey(newKey()))
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return { ...staged, payoutId: answer.body.id as string }
}

const ofPayout = (
  { operator, organisation, payoutId }: Staged & { payoutId: string },
  verb: string,
  body?: unknown,
): Act => ({
  actor: operator,
  method: 'POST',
  path: `/payouts/${payoutId}/${verb}`,
  body,
  organisationId: organisation.id,
  subject: payoutId,
})

/** A payout whose provider answers `status`, without a reference. */
async function sent(status: 'failed' | 'unknown') {
  const staged = await requested()
  const answer = { status, reference: null, reason: 'No answer.' } as const
  vi.spyOn(sandbox, 'payout').mockResolvedValue(answer as never)
  await as(staged.operator, 'POST', `/payouts/${staged.payoutId}/approve`)
  vi.restoreAllMocks()
  return staged
}

async function orderByHand() {
  const staged = await stagePriced()
  const buyer = await registerPlayer()
  const { body } = await purchase(buyer, staged.id, { quantity: 1 }, { payment: { provider: 'manual' } })
  const { id: orderId, payment } = body.order
  return { ...staged, orderId: orderId as string, paymentId: payment.id as string }
}

/** A refund that an operator pays by hand. */
async function refundByHand() {
  const staged = await orderByHand()
  const { operator, orderId, paymentId } = staged
  await as(operator, 'POST', `/payments/${paymentId}/receipts`, { reference: 'KCB-77001' })
  const refund = await as(
    operator,
    'POST',
    `/orders/${orderId}/refunds`,
    { reason: WRITTEN },
    withKey(newKey()),
  )
  expect(refund.status, JSON.stringify(refund.body)).toBe(201)
  return { ...staged, refundId: refund.body.id as string }
}

/** A refund that was sent to its provider, which never confirms it. */
async function unconfirmedRefund() {
  const staged = await stagePriced()
  const { id } = await paid(await registerPlayer(), staged.id)
  const unknown = { status: 'unknown', reference: null, reason: 'No answer.' } as const
  vi.spyOn(sandbox, 'refund').mockResolvedValue(unknown)
  const refund = await as(
    staged.operator,
    'POST',
    `/orders/${id}/refunds`,
    { reason: WRITTEN },
    withKey(newKey()),
  )
  for (const minutes of [1, 30, 70]) {
    at(NOW + minutes * MINUTE)
    await sweep()
  }
  vi.restoreAllMocks()
  return { ...staged, refundId: refund.body.id as string }
}

/** A payment whose provider could not be polled for an hour. */
async function unpolledPayment() {
  const staged = await stagePriced()
  const { body } = await purchase(await registerPlayer(), staged.id)
  expectLogged('a provider could not be reached')
  vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
  for (let minute = 1; minute <= 61; minute += 3) {
    at(NOW + minute * MINUTE)
    await sweep()
  }
  vi.restoreAllMocks()
  return { ...staged, paymentId: body.order.payment.id as string }
}

/** Text that a person writes, which the audit must not keep. */
const WRITTEN = 'Zawadi wa Kamau of 0700 123 456 asked for it'

const made = async (path: string, body: unknown): Promise<Act> => {
  const { id, operator } = await organisationWithOperator()
  return { actor: operator, method: 'POST', path, body, organisationId: id }
}

async function onTemplate(method: Method, body?: unknown): Promise<Act> {
  const { actor, organisationId } = await made('', null)
  const { body: template } = await as(actor, 'POST', '/raffle-templates', TEMPLATE)
  const path = `/raffle-templates/${template.id}`
  return { actor, method, path, body, organisationId, subject: template.id }
}

async function onSeries(method: Method, path = '', body?: unknown): Promise<Act> {
  const { id, operator, organisation } = await stageSeries()
  return {
    actor: operator,
    method,
    path: `/series/${id}${path}`,
    body,
    organisationId: organisation.id,
    subject: id,
  }
}

async function onProduct(method: Method, body?: unknown): Promise<Act> {
  const { id, organisation } = await stageProduct()
  const { id: organisationId, operator } = organisation
  return { actor: operator, method, path: `/products/${id}`, body, organisationId, subject: id }
}

async function onCategory(method: Method, body?: unknown): Promise<Act> {
  const { actor, organisationId } = await made('', null)
  const { body: category } = await as(actor, 'POST', '/categories', { name: 'Novels' })
  const path = `/categories/${category.id}`
  return { actor, method, path, body, organisationId, subject: category.id }
}

async function onEvent(stage: typeof stageEvent, method: Method, path = '', body?: unknown): Promise<Act> {
  const { id, operator: actor, organisation } = await stage()
  return { actor, method, path: `/events/${id}${path}`, body, organisationId: organisation.id, subject: id }
}

async function onTicketType(stage: typeof stageEvent, method: Method, body?: unknown): Promise<Act> {
  const { id, operator: actor, organisation, types } = await stage()
  const path = `/events/${id}/ticket-types/${types.vip}`
  return { actor, method, path, body, organisationId: organisation.id, subject: types.vip }
}

async function onCapacityGroup(method: Method, body?: unknown): Promise<Act> {
  const { id, operator: actor, organisation } = await stageEvent()
  const groups = `/events/${id}/capacity-groups`
  const { body: group } = await as(actor, 'POST', groups, { name: 'The hall', capacity: 300 })
  const path = `${groups}/${group.id}`
  return { actor, method, path, body, organisationId: organisation.id, subject: group.id }
}

/** An admin changes whether an organisation may sell for money. */
async function onPricedSales(approved: boolean): Promise<Act> {
  const { id } = await organisationWithOperator()
  const actor = await signedInAdmin()
  const path = `/organisations/${id}/priced-sales`
  const opposite = await as(actor, 'PUT', path, { approved: !approved })
  expect(opposite.body.pricedSales).toBe(!approved)
  return { actor, method: 'PUT', path, body: { approved }, organisationId: id, subject: id }
}

const { opensAt: _, closesAt: __, drawAt: ___, ...TERMS } = raffleBody()
const TEMPLATE = { name: 'A book', colour: '#1e90ff', ...TERMS }
const REWARD = { prizes: [{ title: 'A lamp', quantity: 1 }] }
const DATE = '2031-05-06'
const LATER = { startsAt: iso(STARTS_AT + DAY), endsAt: iso(ENDS_AT + DAY) }

/** An admin acts on a lottery that another admin made, or on its draw of last week, which a third admin recorded. */
async function onLottery(method: Method, path = '', body?: unknown): Promise<Act> {
  const made = await as(await signedInAdmin(), 'POST', '/lotteries', lotteryBody())
  const [actor, subject] = [await signedInAdmin(), made.body.id as string]
  return { actor, method, path: `/lotteries/${subject}${path}`, body, organisationId: null, subject }
}

const LAST_WEEK = '2031-04-28'
const READ = { date: LAST_WEEK, numbers: NUMBERS, source: SOURCE }
const OF_DRAW = { kind: 'lottery', fields: [`draws.${LAST_WEEK}`] }

async function onResult(verb: 'confirm' | 'reject', by: 'author' | 'another'): Promise<Act> {
  const act = await onLottery('POST', `/results/${LAST_WEEK}/${verb}`)
  const author = await signedInAdmin()
  const recorded = await as(author, 'POST', `/lotteries/${act.subject}/results`, READ)
  const body = { recordId: recorded.body.records[0].id }
  return { ...act, body, actor: by === 'author' ? author : act.actor }
}

const ACTS: [AuditAction, Expected, () => Promise<Act>][] = [
  [
    'lottery.created',
    { kind: 'lottery', everyTime: true },
    async () => ({
      actor: await signedInAdmin(),
      method: 'POST',
      path: '/lotteries',
      body: lotteryBody(),
      organisationId: null,
    }),
  ],
  [
    'lottery.updated',
    { kind: 'lottery', fields: ['name', 'time'], everyTime: true },
    () => onLottery('PUT', '', { name: 'The sea', time: '23:00' }),
  ],
  ['lottery.deleted', { kind: 'lottery' }, () => onLottery('DELETE')],
  [
    'lottery.archived',
    { kind: 'lottery' },
    async () => {
      const act = await onLottery('DELETE')
      await as(act.actor, 'POST', `/lotteries/${act.subject}/results`, READ)
      return act
    },
  ],
  ['lottery_result.recorded', OF_DRAW, () => onLottery('POST', '/results', READ)],
  ['lottery_result.confirmed', OF_DRAW, () => onResult('confirm', 'another')],
  ['lottery_result.rejected', OF_DRAW, () => onResult('reject', 'another')],
  ['lottery_result.withdrawn', OF_DRAW, () => onResult('reject', 'author')],
  [
    'lottery_draw.skipped',
    OF_DRAW,
    () => onLottery('POST', `/results/${LAST_WEEK}/skip`, { reason: WRITTEN }),
  ],
  [
    'lottery_draw.skip_confirmed',
    OF_DRAW,
    async () => {
      const act = await onLottery('POST', `/results/${LAST_WEEK}/skip`, { reason: WRITTEN })
      expect((await perform(act)).status).toBe(200)
      return { ...act, actor: await signedInAdmin() }
    },
  ],
  ['raffle.created', { kind: 'raffle', everyTime: true }, () => made('/raffles', raffleBody())],
  [
    'raffle.entrants_exported',
    { kind: 'raffle', everyTime: true },
    async () => ({ ...ofRaffle(await stageRaffle(), '/reservations.csv'), method: 'GET' }),
  ],
  [
    'raffle.updated',
    { kind: 'raffle', fields: ['title', 'tags'], everyTime: true },
    async () => ({
      ...ofRaffle(await stageDraft(), '', { title: 'Another title', tags: ['books'] }),
      method: 'PUT',
    }),
  ],
  [
    'raffle.rules_changed',
    { kind: 'raffle', fields: ['totalTickets'] },
    async () => ({ ...ofRaffle(await stageRaffle(), '', { totalTickets: 30 }), method: 'PUT' }),
  ],
  ['raffle.published', { kind: 'raffle' }, async () => ofRaffle(await stageDraft(), '/publish')],
  [
    'raffle.closed',
    { kind: 'raffle' },
    async () => ofRaffle(await stageRaffle({ earlyClose: 'operator' }), '/close', { reason: WRITTEN }),
  ],
  [
    'raffle.cancelled',
    { kind: 'raffle' },
    async () => ofRaffle(await stageRaffle(), '/cancel', { reason: WRITTEN }),
  ],
  [
    'raffle.refund_run_started',
    { kind: 'raffle', also: 'raffle.cancelled' },
    async () => ofRaffle(await stagePriced(), '/cancel', { reason: WRITTEN }),
  ],
  [
    'raffle.deleted',
    { kind: 'raffle' },
    async () => ({ ...ofRaffle(await stageDraft(), ''), method: 'DELETE' }),
  ],
  [
    'raffle.rebuilt',
    { kind: 'raffle', everyTime: true },
    async () => ({ ...ofRaffle(await stageRaffle(), '/rebuild'), actor: await signedInAdmin() }),
  ],
  [
    'raffle.redraw_requested',
    { kind: 'raffle', fields: ['attempts.1'] },
    async () => {
      const staged = await wonItem()
      await as(await holderOf(staged.winnerId), 'POST', `/winners/${staged.winnerId}/decline`)
      return ofRaffle(staged, '/redraws', { units: ['1#1'], reason: WRITTEN })
    },
  ],
  [
    'template.created',
    { kind: 'raffleTemplate', everyTime: true },
    () => made('/raffle-templates', TEMPLATE),
  ],
  [
    'template.updated',
    { kind: 'raffleTemplate', fields: ['name'], everyTime: true },
    () => onTemplate('PUT', { name: 'Another name' }),
  ],
  ['template.deleted', { kind: 'raffleTemplate' }, () => onTemplate('DELETE')],
  ['series.created', { kind: 'series', everyTime: true }, () => made('/series', seriesBody())],
  [
    'series.updated',
    { kind: 'series', fields: ['title'], everyTime: true },
    () => onSeries('PUT', '', { title: 'Another title' }),
  ],
  [
    'series.reward_set',
    { kind: 'series', fields: [`days.${DATE}`] },
    () => onSeries('PUT', `/rewards/${DATE}`, REWARD),
  ],
  [
    'series.reward_deleted',
    { kind: 'series', fields: [`days.${DATE}`] },
    async () => {
      const act = await onSeries('DELETE', `/rewards/${DATE}`)
      await as(act.actor, 'PUT', act.path, REWARD)
      return act
    },
  ],
  [
    'series.day_skipped',
    { kind: 'series', fields: [`days.${DATE}`] },
    () => onSeries('PUT', `/skips/${DATE}`),
  ],
  [
    'series.day_unskipped',
    { kind: 'series', fields: [`days.${DATE}`] },
    async () => {
      const act = await onSeries('DELETE', `/skips/${DATE}`)
      await as(act.actor, 'PUT', act.path)
      return act
    },
  ],
  ['series.deleted', { kind: 'series' }, () => onSeries('DELETE')],
  ['event.created', { kind: 'event', everyTime: true }, () => made('/events', eventBody())],
  [
    // The copy is the subject.
    'event.created',
    { kind: 'event', everyTime: true },
    async () => {
      const { subject: _original, ...act } = await onEvent(stageEvent, 'POST', '/clone', LATER)
      return act
    },
  ],
  [
    'event.updated',
    { kind: 'event', fields: ['title', 'place'], everyTime: true },
    () => onEvent(stageEvent, 'PUT', '', { title: 'Blues at the Lake', place: null }),
  ],
  ['event.published', { kind: 'event' }, () => onEvent(stageDraftEvent, 'POST', '/publish')],
  [
    'event.postponed',
    { kind: 'event' },
    () => onEvent(stageEvent, 'POST', '/postpone', { ...LATER, reason: WRITTEN }),
  ],
  ['event.cancelled', { kind: 'event' }, () => onEvent(stageEvent, 'POST', '/cancel', { reason: WRITTEN })],
  ['event.deleted', { kind: 'event' }, () => onEvent(stageDraftEvent, 'DELETE')],
  [
    'event.admissions_exported',
    { kind: 'event', everyTime: true },
    () => onEvent(stageEvent, 'GET', '/admissions.csv'),
  ],
  [
    'check_in.undone',
    { kind: 'checkIn' },
    async () => {
      const { staged, code } = await stageTicket()
      const { id: subject } = (await scan(staged, code)).body
      const path = `/events/${staged.id}/check-ins/${subject}/undo`
      const { operator: actor, organisation } = staged
      return {
        actor,
        method: 'POST',
        path,
        body: { reason: WRITTEN },
        organisationId: organisation.id,
        subject,
      }
    },
  ],
  [
    'ticket_type.created',
    { kind: 'ticketType', everyTime: true },
    async () => {
      const { subject: _event, ...act } = await onEvent(stageEvent, 'POST', '/ticket-types', TYPES.free)
      return act
    },
  ],
  [
    'ticket_type.updated',
    { kind: 'ticketType', fields: ['capacity'], everyTime: true },
    () => onTicketType(stageEvent, 'PUT', { capacity: 7 }),
  ],
  [
    'order.free_units_taken_back',
    { kind: 'order' },
    async () => {
      const { operator: actor, organisation, types } = await stageEvent()
      const lines = [{ ticketTypeId: types.free, quantity: 1 }]
      const { body } = await as(await registerPlayer(), 'POST', '/orders', { lines }, withKey(newKey()))
      const what = { line: 0, numbers: [1], reason: WRITTEN }
      const path = `/orders/${body.id}/take-back`
      return { actor, method: 'POST', path, body: what, organisationId: organisation.id, subject: body.id }
    },
  ],
  [
    'capacity_group.created',
    { kind: 'capacityGroup', everyTime: true },
    async () => {
      const group = { name: 'The hall', capacity: 300 }
      const { subject: _event, ...act } = await onEvent(stageEvent, 'POST', '/capacity-groups', group)
      return act
    },
  ],
  [
    'capacity_group.updated',
    { kind: 'capacityGroup', fields: ['capacity'], everyTime: true },
    () => onCapacityGroup('PUT', { capacity: 7 }),
  ],
  ['capacity_group.deleted', { kind: 'capacityGroup' }, () => onCapacityGroup('DELETE')],
  [
    'event.rebuilt',
    { kind: 'event', everyTime: true },
    async () => ({ ...(await onEvent(stageEvent, 'POST', '/rebuild')), actor: await signedInAdmin() }),
  ],
  ['ticket_type.deleted', { kind: 'ticketType' }, () => onTicketType(stageDraftEvent, 'DELETE')],
  [
    'winner.delivered',
    { kind: 'winner' },
    async () => {
      const staged = await wonItem()
      const { winnerId } = staged
      await as(await holderOf(winnerId), 'POST', `/winners/${winnerId}/claim`, { deliveryAddress: ADDRESS })
      return ofWinner(staged, 'deliver')
    },
  ],
  [
    'winner.disqualification_proposed',
    { kind: 'winner' },
    async () => ofWinner(await wonItem(), 'disqualify', { reason: WRITTEN }),
  ],
  ['winner.disqualified', { kind: 'winner' }, async () => ofProposal('confirm')],
  ['winner.disqualification_withdrawn', { kind: 'winner' }, async () => ofProposal('withdraw')],
  [
    'payout.requested',
    { kind: 'payout' },
    async () => {
      const { id, operator, organisation } = await stageSettled()
      const body = { raffleId: id, ...TO_BANK }
      return { actor: operator, method: 'POST', path: '/payouts', body, organisationId: organisation.id }
    },
  ],
  ['payout.approved', { kind: 'payout' }, async () => ofPayout(await requested(), 'approve')],
  ['payout.cancelled', { kind: 'payout' }, async () => ofPayout(await requested(), 'cancel')],
  [
    'payout.dismissed',
    { kind: 'payout' },
    async () => {
      const staged = await requested()
      const paid = env.DB.prepare(
        `UPDATE payouts SET status = 'paid', attention = 'Look at it.' WHERE id = ?`,
      )
      await paid.bind(staged.payoutId).run()
      return ofPayout(staged, 'dismiss')
    },
  ],
  ['payout.retried', { kind: 'payout' }, async () => ofPayout(await sent('failed'), 'retry')],
  [
    'payout.marked_paid',
    { kind: 'payout' },
    async () => {
      const staged = await requested('manual')
      await as(staged.operator, 'POST', `/payouts/${staged.payoutId}/approve`)
      return ofPayout(staged, 'mark-paid', { reference: 'FT 26-9931' })
    },
  ],
  [
    'payout.marked_failed',
    { kind: 'payout' },
    async () => ({
      ...ofPayout(await sent('unknown'), 'mark-failed', { reason: WRITTEN }),
      actor: await signedInAdmin(),
    }),
  ],
  [
    'refund.requested',
    { kind: 'refund' },
    async () => {
      const staged = await stagePriced()
      const { id } = await paid(await registerPlayer(), staged.id)
      const { operator: actor, organisation } = staged
      const path = `/orders/${id}/refunds`
      return { actor, method: 'POST', path, body: { reason: WRITTEN }, organisationId: organisation.id }
    },
  ],
  [
    'refund.marked_paid',
    { kind: 'refund' },
    async () => {
      const { refundId, operator: actor, organisation } = await refundByHand()
      const path = `/refunds/${refundId}/mark-paid`
      const body = { reference: 'till 9932' }
      return { actor, method: 'POST', path, body, organisationId: organisation.id, subject: refundId }
    },
  ],
  [
    'refund.marked_failed',
    { kind: 'refund' },
    async () => {
      const { refundId, organisation } = await unconfirmedRefund()
      const path = `/refunds/${refundId}/mark-failed`
      const organisationId = organisation.id
      const actor = await signedInAdmin()
      return { actor, method: 'POST', path, body: { reason: WRITTEN }, organisationId, subject: refundId }
    },
  ],
  [
    'payment.receipt_recorded',
    { kind: 'payment' },
    async () => {
      const { paymentId, operator: actor, organisation } = await orderByHand()
      const path = `/payments/${paymentId}/receipts`
      const body = { reference: 'KCB-77002' }
      return { actor, method: 'POST', path, body, organisationId: organisation.id, subject: paymentId }
    },
  ],
  [
    'payment.dismissed',
    { kind: 'payment' },
    async () => {
      const { paymentId, operator: actor, organisation } = await unpolledPayment()
      const path = `/payments/${paymentId}/dismiss`
      const organisationId = organisation.id
      return { actor, method: 'POST', path, body: { reason: WRITTEN }, organisationId, subject: paymentId }
    },
  ],
  [
    'payment.reconciled',
    { kind: 'payment', everyTime: true },
    async () => {
      const { paymentId, operator: actor, organisation } = await orderByHand()
      const path = `/payments/${paymentId}/reconcile`
      return { actor, method: 'POST', path, organisationId: organisation.id, subject: paymentId }
    },
  ],
  [
    'top_up.recorded',
    { kind: 'organisation' },
    async () => {
      const { id } = await organisationWithOperator()
      const body = { reference: 'FT 26-9933', amount: { amount: 900, currency: 'KES' } }
      const path = `/organisations/${id}/top-ups`
      return { actor: await signedInAdmin(), method: 'POST', path, body, organisationId: id, subject: id }
    },
  ],
  [
    'guarantee_limit.set',
    { kind: 'organisation', fields: ['KES'] },
    async () => {
      const { id } = await organisationWithOperator()
      const path = `/organisations/${id}/guarantee-limits/KES`
      const body = { amount: 900 }
      return { actor: await signedInAdmin(), method: 'PUT', path, body, organisationId: id, subject: id }
    },
  ],
  [
    'organisation.created',
    { kind: 'organisation', everyTime: true },
    async () => ({
      actor: await signedInAdmin(),
      method: 'POST',
      path: '/organisations',
      body: { name: `Kamau Books ${newKey()}` },
      organisationId: null,
      stranger: await registerPlayer({ isProved: false }),
    }),
  ],
  [
    // Somebody opens one for themselves.
    'organisation.created',
    { kind: 'organisation', everyTime: true },
    async () => ({
      actor: await registerPlayer(),
      method: 'POST',
      path: '/organisations',
      body: { name: `Kamau Books ${newKey()}` },
      organisationId: null,
      stranger: await registerPlayer({ isProved: false }),
    }),
  ],
  ['organisation.priced_sales_approved', { kind: 'organisation' }, () => onPricedSales(true)],
  ['organisation.priced_sales_withdrawn', { kind: 'organisation' }, () => onPricedSales(false)],
  [
    'organisation.stripe_account_opened',
    { kind: 'organisation' },
    async () => {
      connect(new FakeStripe())
      const { id, operator: actor } = await organisationWithOperator()
      const path = `/organisations/${id}/stripe-account`
      const body = { country: 'KE' }
      return { actor, method: 'POST', path, body, organisationId: id, subject: id, settings: STRIPE_SETTINGS }
    },
  ],
  [
    'organisation.selling_changed',
    { kind: 'organisation', fields: ['countries'], everyTime: true },
    async () => {
      const { id, operator: actor } = await organisationWithOperator()
      const body = { countries: ['KE'] }
      return {
        actor,
        method: 'PUT',
        path: `/organisations/${id}/selling`,
        body,
        organisationId: id,
        subject: id,
      }
    },
  ],
  [
    'organisation.stripe_account_removed',
    { kind: 'organisation' },
    async () => {
      const { id, operator: actor } = await organisationWithOperator()
      await env.DB.prepare(
        `INSERT INTO stripe_accounts (id, owner_id, country, is_ready, created_at, updated_at) VALUES (?, ?, 'KE', 1, 0, 0)`,
      )
        .bind(`acct_${id}`, id)
        .run()
      const path = `/organisations/${id}/stripe-account`
      return { actor, method: 'DELETE', path, organisationId: id, subject: id }
    },
  ],
  [
    'member.invited',
    { kind: 'invitation', everyTime: true },
    async () => {
      const { id, operator: actor } = await organisationWithOperator()
      const body = { email: uniqueEmail(), role: 'operator' }
      return { actor, method: 'POST', path: `/organisations/${id}/invitations`, body, organisationId: id }
    },
  ],
  [
    'member.joined',
    { kind: 'user' },
    async () => {
      const { invitationId, organisationId, invited: actor } = await invited()
      const path = `/users/me/invitations/${invitationId}/accept`
      return { actor, method: 'POST', path, organisationId, subject: actor.id }
    },
  ],
  [
    'invitation.revoked',
    { kind: 'invitation' },
    async () => {
      const { invitationId: subject, organisationId, operator: actor } = await invited()
      const path = `/organisations/${organisationId}/invitations/${subject}`
      return { actor, method: 'DELETE', path, organisationId, subject }
    },
  ],
  [
    'member.removed',
    { kind: 'user' },
    async () => {
      const { id, operator: actor } = await organisationWithOperator()
      const { id: subject } = await addOperator(id)
      const path = `/organisations/${id}/members/${subject}`
      return { actor, method: 'DELETE', path, organisationId: id, subject }
    },
  ],
  [
    'api_key.created',
    { kind: 'apiKey', everyTime: true },
    async () => {
      const { id, operator: actor } = await organisationWithOperator()
      const body = { name: 'The till of Zawadi', scopes: ['grants:write'] }
      return { actor, method: 'POST', path: `/organisations/${id}/api-keys`, body, organisationId: id }
    },
  ],
  [
    'api_key.revoked',
    { kind: 'apiKey' },
    async () => {
      const { id, operator: actor } = await organisationWithOperator()
      const keys = `/organisations/${id}/api-keys`
      const { body } = await as(actor, 'POST', keys, { name: 'Till', scopes: ['grants:write'] })
      return { actor, method: 'DELETE', path: `${keys}/${body.id}`, organisationId: id, subject: body.id }
    },
  ],
  [
    'user.suspended',
    { kind: 'user' },
    async () => {
      const { id } = await registerPlayer()
      const body = { status: 'suspended' }
      const path = `/users/${id}/status`
      return { actor: await signedInAdmin(), method: 'PUT', path, body, organisationId: null, subject: id }
    },
  ],
  [
    'user.reactivated',
    { kind: 'user' },
    async () => {
      const { id } = await registerPlayer({ status: 'suspended' })
      const body = { status: 'active' }
      const path = `/users/${id}/status`
      return { actor: await signedInAdmin(), method: 'PUT', path, body, organisationId: null, subject: id }
    },
  ],
  ['product.created', { kind: 'product', everyTime: true }, () => made('/products', BOOK)],
  [
    'product.updated',
    { kind: 'product', fields: ['price'], everyTime: true },
    () => onProduct('PUT', { price: { amount: 1_300, currency: 'KES' } }),
  ],
  ['product.deleted', { kind: 'product' }, () => onProduct('DELETE')],
  [
    'product.archived',
    { kind: 'product' },
    async () => {
      const act = await onProduct('DELETE')
      const prizes = [{ title: 'A book', quantity: 1, productId: act.subject }]
      const organisation = { id: act.organisationId!, name: '', operator: act.actor }
      await stageRaffle({ prizes }, organisation)
      return act
    },
  ],
  ['category.created', { kind: 'category', everyTime: true }, () => made('/categories', { name: 'Novels' })],
  [
    'category.updated',
    { kind: 'category', fields: ['name'], everyTime: true },
    () => onCategory('PUT', { name: 'Stories' }),
  ],
  ['category.deleted', { kind: 'category' }, () => onCategory('DELETE')],
]

/** Nobody asks for them: see `draws/lottery.test.ts`, and `late-payouts`, `stripe-redirects` and `stripe-accounts` of `payouts/`. */
const BY_THE_SWEEP: AuditAction[] = [
  'organisation.stripe_bank_changed',
  'payout.paid_though_cancelled',
  'payout.paid_twice',
  'raffle.result_accepted',
  'raffle.result_refused',
]

describe('the actions of members and admins', () => {
  it('are all in this table, but one that is only read, and those of the sweep', () => {
    const written = ACTS.map(([action]) => action)
    expect([...new Set([...written, 'member.added', ...BY_THE_SWEEP])].sort()).toEqual(
      [...audit.action.enumValues].sort(),
    )
  })

  it.each(ACTS)(
    '%s leaves one row with its actor, action, subject and fields',
    async (action, expected, stage) => {
      const act = await stage()
      const before = (await rows()).length
      const stranger = act.stranger ?? (await registerPlayer())
      expect((await perform(act, stranger)).status).toBeGreaterThanOrEqual(400)
      expect(await rows()).toHaveLength(before)

      const key = newKey()
      const answer = await perform(act, act.actor, key)
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
      const written = (await rows()).slice(before)
      expect(written.map((row) => row.action)).toEqual(expected.also ? [expected.also, action] : [action])
      const subjectId = act.subject ?? answer.body.id
      expect(written.at(-1)).toEqual({
        id: expect.any(Number),
        at: Date.now(),
        actor: act.actor.id,
        organisationId: action === 'organisation.created' ? answer.body.id : act.organisationId,
        action,
        subjectKind: expected.kind,
        subjectId,
        fields: expected.fields ?? act.fields ?? [],
        requestId: answer.headers.get('x-request-id'),
      })

      at(Date.now() + 1)
      const again = await perform(act, act.actor, key)
      const repeated = (await rows()).slice(before + written.length).map((row) => row.action)
      expect(repeated).toEqual(expected.everyTime && again.status < 300 ? [action] : [])
    },
  )
})

describe('a row of the audit', () => {
  it('is never changed and never deleted', async () => {
    const { id } = await stageDraft()
    const [row] = await rowsOf(id)
    for (const sql of ["UPDATE audit SET actor = 'nobody' WHERE id = ?", 'DELETE FROM audit WHERE id = ?']) {
      const refused = env.DB.prepare(sql).bind(row!.id).run()
      await expect(refused).rejects.toThrow(/the audit is never (changed|deleted)/)
    }
    expect(await rowsOf(id)).toEqual([row])
  })

  it('has no personal data and no text that a person wrote', async () => {
    const everything = JSON.stringify(await rows())
    const { results } = await env.DB.prepare('SELECT email, name FROM users').all<Record<string, string>>()
    const personal = results.flatMap((user) => Object.values(user))
    // Long enough not to be found in an id by chance.
    personal.push(TO_BANK.destination, '0700 123 456', '@', 'Zawadi', 'Kamau', 'Moi Avenue', 'Till')
    personal.push('asked for it', 'KCB-', 'FT 26', 'till 99')
    expect(personal.length).toBeGreaterThan(100)
    expect(personal.filter((each) => everything.includes(each))).toEqual([])
  })
})

describe('a change that did not happen leaves no row', () => {
  it('for the loser of two concurrent deletions', async () => {
    const { id, operator } = await stageDraft()
    const first = () => as(operator, 'DELETE', `/raffles/${id}`)
    const { DB, done } = interrupted(/^delete from "raffles"/i, first)
    const lost = await as(operator, 'DELETE', `/raffles/${id}`, undefined, { bindings: { DB } })
    expect([done(), lost.status]).toEqual([true, 409])
    expect(await actionsOf(id)).toEqual(['raffle.created', 'raffle.deleted'])
  })

  it('for the loser of two concurrent approvals', async () => {
    const { payoutId, operator, organisation } = await requested()
    const other = await addOperator(organisation.id)
    const first = () => as(other, 'POST', `/payouts/${payoutId}/approve`)
    const { DB, done } = interrupted(/^update "payouts"/i, first)
    const lost = await as(operator, 'POST', `/payouts/${payoutId}/approve`, undefined, { bindings: { DB } })
    expect([done(), lost.status]).toEqual([true, 409])
    const [, approved, ...more] = await rowsOf(payoutId)
    expect([approved?.action, approved?.actor, more]).toEqual(['payout.approved', other.id, []])
  })

  it('for the delivery to a winner who was disqualified meanwhile', async () => {
    const staged = await wonItem()
    const { winnerId, operator } = staged
    await as(await holderOf(winnerId), 'POST', `/winners/${winnerId}/claim`, { deliveryAddress: ADDRESS })
    const first = () => disqualify(operator, winnerId, WRITTEN)
    const { DB } = interrupted(/^update "winners"/i, first)
    const lost = await as(operator, 'POST', `/winners/${winnerId}/deliver`, undefined, { bindings: { DB } })
    expect(lost.body.code).toBe('invalid_state')
    expect(await actionsOf(winnerId)).toEqual(['winner.disqualification_proposed', 'winner.disqualified'])
  })

  it('if the pool refuses it', async () => {
    const { id, operator } = await stageRaffle({ earlyClose: 'no' })
    expect((await as(operator, 'POST', `/raffles/${id}/close`, {})).status).toBe(409)
    await buy(await registerPlayer(), id)
    expect((await as(operator, 'PUT', `/raffles/${id}`, { totalTickets: 40 })).status).toBe(409)
    expect(await actionsOf(id)).toEqual(['raffle.created', 'raffle.published'])
  })
})

describe('a request whose answer from the database was lost', () => {
  it('leaves one row, although its batch ran twice', async () => {
    const { id, operator } = await organisationWithOperator()
    const { DB, lost } = forgetfulDatabase(env.DB, 1)
    const body = { name: 'Till', scopes: ['grants:write'] }
    const made = await as(operator, 'POST', `/organisations/${id}/api-keys`, body, { bindings: { DB } })
    expect([lost(), made.status]).toEqual([1, 201])
    expect(await actionsOf(made.body.id)).toEqual(['api_key.created'])
  })

  it('leaves one row for a recorded receipt', async () => {
    const { paymentId, operator } = await orderByHand()
    const { DB, lost } = forgetfulDatabase(env.DB, 1, { of: (query) => /into "receipts"/i.test(query) })
    const path = `/payments/${paymentId}/receipts`
    const made = await as(operator, 'POST', path, { reference: 'KCB-77003' }, { bindings: { DB } })
    expect([lost(), made.status]).toEqual([1, 201])
    expect(await actionsOf(paymentId)).toEqual(['payment.receipt_recorded'])
  })
})

describe('a request that crashes after its pool has decided', () => {
  const crash = async (act: Act, pattern: RegExp): Promise<void> => {
    expectLogged('unexpected error')
    const { DB, done } = crashing(pattern)
    const answer = await as(act.actor, act.method, act.path, act.body, { bindings: { DB } })
    expect([done(), answer.status]).toEqual([true, 500])
  }

  it('is finished by the sweep, with `system` as the actor', async () => {
    const staged = await stageDraft()
    await crash(ofRaffle(staged, '/publish'), /"terms_version"\) = |"terms_version" = /i)
    expect(await actionsOf(staged.id)).toEqual(['raffle.created'])
    at(NOW + 2 * MINUTE)
    await sweep()
    const [, published] = await rowsOf(staged.id)
    expect([published?.action, published?.actor]).toEqual(['raffle.published', 'system'])
    await crash(ofRaffle(staged, '/cancel', { reason: WRITTEN }), /'cancelled'|insert into "refund_runs"/i)
    at(NOW + 5 * MINUTE)
    await sweep()
    const [, , cancelled, ...more] = await rowsOf(staged.id)
    expect([cancelled?.action, cancelled?.actor, more]).toEqual(['raffle.cancelled', 'system', []])
  })

  it('gets its row from a repeat, if no sweep would write it', async () => {
    const staged = await stageRaffle({ earlyClose: 'operator' })
    const close = ofRaffle(staged, '/close', {})
    await crash(close, /into "audit"/i)
    expect(await actionsOf(staged.id)).toEqual(['raffle.created', 'raffle.published'])
    expect((await perform(close)).status).toBe(200)
    expect((await rowsOf(staged.id)).at(-1)).toMatchObject({
      action: 'raffle.closed',
      actor: staged.operator.id,
    })
  })
})

describe('a change that no member or admin made', () => {
  it('has `system` as its actor if a raffle ends below its minimum, though an operator cancels it too', async () => {
    const staged = await stageRaffle({ minTickets: 5 })
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    await as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, { reason: WRITTEN })
    await sweep()
    const cancelled = (await rowsOf(staged.id)).filter(({ action }) => action === 'raffle.cancelled')
    expect(cancelled.map(({ actor }) => actor)).toEqual(['system'])
  })

  it('is not audited if it is a player’s own purchase, payment or claim', async () => {
    const free = await stageRaffle()
    const priced = await stagePriced()
    const before = await rows()
    await buy(await registerPlayer(), free.id)
    await paid(await registerPlayer(), priced.id)
    at(NOW + 20 * MINUTE)
    await sweep()
    expect(await rows()).toEqual(before)
    const { won } = await stageCash({ prizes: [cash(500)] })
    const drawn = await rows()
    expect((await claimCash(won[0]!)).status).toBe(200)
    await sweep()
    expect(await rows()).toEqual(drawn)
  })
})

it('the audit of a subject is read by an index, without reading other rows', async () => {
  const entry = {
    action: 'raffle.closed',
    subject: { kind: 'raffle', id: 'x' },
    organisationId: null,
  } as const
  const plan = await testContext().db.all<{ detail: string }>(
    // The guard of entries that are written once reads the audit in this way.
    sql`EXPLAIN QUERY PLAN SELECT ${isFirst(entry)}`,
  )
  expect(plan.map(({ detail }) => detail).join('\n')).toContain('USING INDEX audit_subject')
})
