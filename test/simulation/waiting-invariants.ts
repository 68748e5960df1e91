// The invariants of waiting lists, computed from the history of each pool: in order, nothing free, nothing taken away, and told.
import { env } from 'cloudflare:workers'
import { DAY_MS } from '../../src/core/time.ts'
import { MAX_MISSED_OFFERS } from '../../src/tickets/pool/missed-offers.ts'
import type { PoolState } from '../../src/tickets/pool-contract.ts'
import { type Event, waitable } from './event-stage.ts'
import { type Change, type History, type Offer, readState } from './pool-history.ts'

export async function auditWaiting(
  event: Event,
  histories: ReadonlyMap<string, History>,
  settled: boolean,
): Promise<string[]> {
  const wrong: string[] = []
  for (const { id } of waitable(event)) {
    const history = histories.get(id)!
    const state = (await readState(id))!
    const found = [
      ...checkFree(state, history),
      ...checkOrder(state, history),
      ...checkPlaces(history, settled),
      ...checkPassed(history),
      ...checkEnds(state, history),
      ...checkLetGo(state, history),
      ...(await checkMails(id, history)),
      ...(settled && state.cancellation !== null ? await checkTold(event, history) : []),
    ]
    wrong.push(...found.map((each) => `the waiting list of ${id}: ${each}`))
  }
  return wrong
}

function isOnSale({ terms, cancellation }: PoolState): boolean {
  const now = Date.now()
  return cancellation === null && terms.kind === 'ticketType' && terms.opensAt <= now && now < terms.closesAt
}

function checkFree(state: PoolState, { waiting }: History): string[] {
  const free = state.total - state.sold - state.held
  const isIdle = isOnSale(state) && waiting.length > 0 && free > 0
  return isIdle ? [`${free} tickets are free while ${waiting.length} people wait`] : []
}

/** Offers go out in the order of joining. What a cancellation ends goes back to the list. */
function checkOrder({ cancellation }: PoolState, { offers, waiting }: History): string[] {
  const wrong: string[] = []
  let last = 0
  for (const { id, place } of offers) {
    if (place <= last) wrong.push(`offer ${id} of place ${place} was made after that of ${last}`)
    last = Math.max(last, place)
  }
  for (const { holder, seq } of cancellation === null ? waiting : [])
    if (seq <= last) wrong.push(`${holder} of place ${seq} still waits, and ${last} got an offer`)
  return wrong
}

const liveOffers = ({ offers, ended }: History): Offer[] => offers.filter(({ seq }) => !ended.has(seq))

/** A person has one place or one offer, and an offer lasts a day. */
function checkPlaces(history: History, settled: boolean): string[] {
  const wrong: string[] = []
  const live = liveOffers(history)
  const holders = [...live, ...history.waiting].map(({ holder }) => holder)
  for (const holder of new Set(holders.filter((each, at) => holders.indexOf(each) !== at)))
    wrong.push(`${holder} has several places or offers`)
  for (const { id, at, heldUntil } of history.offers)
    if (heldUntil - at > DAY_MS) wrong.push(`offer ${id} lasts longer than a day`)
  for (const { id, heldUntil } of settled ? live : [])
    if (heldUntil <= Date.now()) wrong.push(`offer ${id} has lapsed, and still keeps its tickets`)
  return wrong
}

/** The change in the same transaction with which a purchase takes the tickets that are offered to its buyer. */
const takenOver = ({ offers, changes }: History, holder: string, seq: number): boolean =>
  changes.some(
    (change) =>
      change.seq === seq - 1 &&
      change.kind === 'released' &&
      offers.some((offer) => offer.seq === change.reservation && offer.holder === holder),
  )

/** Nobody gets tickets while others wait, but who is offered some. */
function checkPassed(history: History): string[] {
  const { rows, changes, offers, waiting } = history
  const waits = [
    ...offers.map(({ place, seq }) => ({ from: place, to: seq })),
    ...waiting.map(({ seq }) => ({ from: seq, to: Number.POSITIVE_INFINITY })),
  ]
  const othersWait = (seq: number) => waits.some(({ from, to }) => from < seq && seq < to)
  const bought = [...rows.values()].filter(
    ({ seq, holder, entry, movedFrom }) =>
      entry !== 'offer' && movedFrom === null && othersWait(seq) && !takenOver(history, holder, seq),
  )
  const late = changes.filter(
    ({ kind, reservation, seq }) =>
      kind === 'confirmed' &&
      othersWait(seq) &&
      changes.some((each) => each.reservation === reservation && each.seq < seq),
  )
  return [
    ...bought.map(({ id }) => `${id} was reserved past those who waited`),
    ...late.map(({ reservation }) => `${rows.get(reservation)!.id} was paid late past those who waited`),
  ]
}

/** An offer ends because its holder buys or declines it, or because its time or the sale is over. */
function checkEnds({ cancellation }: PoolState, { rows, offers, ended }: History): string[] {
  return offers.flatMap((offer) => {
    const end = ended.get(offer.seq)
    return end === undefined || isRightEnd(offer, end)
      ? []
      : [`offer ${offer.id} was taken away: ${end.kind}`]
  })

  function isRightEnd({ holder, heldUntil }: Offer, { kind, isUnpaid, seq, at }: Change): boolean {
    if (kind === 'expired') return at >= heldUntil
    const isBought = rows.get(seq + 1)?.holder === holder
    return kind === 'released' && (isUnpaid || isBought || at === cancellation?.at)
  }
}

/** Who has let three offers go joins again only after a sale. */
function checkLetGo({ cancellation }: PoolState, { rows, changes, offers, waiting }: History): string[] {
  const joined = [
    ...offers.map(({ place: seq, holder }) => ({ seq, holder })),
    ...(cancellation === null ? waiting : []),
  ]
  const holderOf = new Map(offers.map(({ seq, holder }) => [seq, holder]))
  const missed = changes
    .filter(({ isUnpaid, reservation }) => isUnpaid && holderOf.has(reservation))
    .map(({ seq, reservation }) => ({ seq, holder: holderOf.get(reservation)! }))
  const sales = [
    ...changes.filter(({ kind }) => kind === 'confirmed'),
    ...[...rows.values()].filter(({ heldUntil, movedFrom }) => heldUntil === null && movedFrom === null),
  ].map(({ seq }) => seq)
  return joined.flatMap(({ seq, holder }) => {
    const since = Math.max(0, ...sales.filter((sale) => sale < seq))
    const count = missed.filter((each) => each.holder === holder && each.seq > since && each.seq < seq).length
    return count >= MAX_MISSED_OFFERS ? [`${holder} joined again after ${count} offers let go`] : []
  })
}

/** Each offer has one mail, to whom it is made. One that ends before the database knows it has none. */
async function checkMails(ticketTypeId: string, { offers, ended }: History): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT subject || ' to ' || user_id AS told FROM mails
     WHERE kind = 'tickets_offered' AND data->>'ticketTypeId' = ?`,
  )
    .bind(ticketTypeId)
    .all<{ told: string }>()
  const told = results.map((row) => row.told)
  const wrong: string[] = []
  for (const { id, holder, seq } of offers) {
    const count = told.filter((each) => each === `${id} to ${holder}`).length
    if (count > 1 || (count === 0 && !ended.has(seq))) wrong.push(`offer ${id} has ${count} mails`)
  }
  const known = new Set(offers.map(({ id, holder }) => `${id} to ${holder}`))
  return [...wrong, ...told.filter((each) => !known.has(each)).map((each) => `a mail offers ${each}`)]
}

/** Who waits hears that the event is cancelled, by this mail or by another one. */
async function checkTold({ id, types }: Event, { waiting }: History): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT user_id AS holder FROM mails WHERE kind = 'wait_ended' AND subject LIKE ?1 || ':%'
     UNION SELECT holder FROM reservations JOIN ticket_types USING (pool)
     WHERE state = 'sold' AND ticket_types.id IN (SELECT value FROM json_each(?2))`,
  )
    .bind(id, JSON.stringify(types.map((type) => type.id)))
    .all<{ holder: string }>()
  const told = new Set(results.map(({ holder }) => holder))
  return waiting
    .filter(({ holder }) => !told.has(holder))
    .map(({ holder }) => `nothing told ${holder} of the end`)
}
