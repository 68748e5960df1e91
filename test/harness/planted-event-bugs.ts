// Bugs in events that the simulation of an event must find: in waiting lists, at the door, in shared capacities and gifts.
import { isOn, type PlantedBug } from './planted-bug.ts'

const one = (name: string, file: string, find: string, replace: (on: string) => string): PlantedBug => ({
  name,
  edits: [{ file, find, replace: replace(isOn(name)) }],
})

const WAITING: readonly PlantedBug[] = [
  one(
    'offer nothing that comes free',
    'src/tickets/pool/offers.ts',
    'if (this.#queue.list.size === 0 || this.#inventory.free === 0) return\n    if (this.#pool',
    (on) => `if (${on} || this.#queue.list.size === 0 || this.#inventory.free === 0) return
    if (this.#pool`,
  ),
  one(
    'offer to the last who waits',
    'src/tickets/pool/waiting-list.ts',
    'const [row] = rows.values()',
    (on) => `const [row] = ${on} ? [...rows.values()].reverse() : rows.values()`,
  ),
  one(
    'let a late payment pass those who wait',
    'src/tickets/pool/changes.ts',
    'if (!buying.mayRetake(',
    (on) => `if (!(${on}) && !buying.mayRetake(`,
  ),
  one(
    'take an offer away early',
    'src/tickets/pool/inventory.ts',
    'if (hold.heldUntil > now) continue',
    (on) => `if (hold.heldUntil > now && !(hold.isOffer && ${on})) continue`,
  ),
  one(
    'keep an offer that has lapsed',
    'src/tickets/pool/inventory.ts',
    "this.#endHold(hold, 'expired', now, true)",
    (on) => `if (!(hold.isOffer && ${on})) this.#endHold(hold, 'expired', now, true)`,
  ),
  one(
    'let offers go without end',
    'src/tickets/pool/missed-offers.ts',
    'ofType.set(holder, (ofType.get(holder) ?? 0) + 1)',
    (on) => `if (!(${on})) ofType.set(holder, (ofType.get(holder) ?? 0) + 1)`,
  ),
  one(
    'mail no offer',
    'src/tickets/object/projection.ts',
    'if (offers.length > 0)',
    (on) => `if (offers.length > 0 && !(${on}))`,
  ),
  one(
    'tell nobody who waits of the cancellation',
    'src/events/notices/start-notices.ts',
    'const rows = [toHolders, toWaiting]',
    (on) => `const rows = (${on} ? [toHolders] : [toHolders, toWaiting])`,
  ),
  one(
    'forget the limit of a person',
    'src/tickets/pool/refusals.ts',
    'if (maxPerUser === null || owned + count <= maxPerUser) return null',
    (on) => `if (${on} || maxPerUser === null || owned + count <= maxPerUser) return null`,
  ),
]

const DOOR: readonly PlantedBug[] = [
  {
    name: 'let in whatever is genuine',
    edits: [
      {
        file: 'src/admissions/take-scans.ts',
        find: "const hasGone = reservation.state !== 'sold' ||",
        replace: `const hasGone = !(${isOn('let in whatever is genuine')}) && reservation.state !== 'sold' ||
          !(${isOn('let in whatever is genuine')}) &&`,
      },
      {
        file: 'src/admissions/take-scans.ts',
        find: `NOT \${isLeaving(ticket)}`,
        replace: `(\${${isOn('let in whatever is genuine')} ? 1 : 0} OR NOT \${isLeaving(ticket)})`,
      },
    ],
  },
  one(
    'let in while a ticket leaves',
    'src/admissions/take-scans.ts',
    `NOT \${isLeaving(ticket)}`,
    (on) => `(\${${on} ? 1 : 0} OR NOT \${isLeaving(ticket)})`,
  ),
  one(
    'let a ticket in twice',
    'src/admissions/take-scans.ts',
    '    firstSeq: reservation.firstSeq,',
    (on) => `    firstSeq: reservation.firstSeq + (${on} ? Math.floor(Math.random() * 1e6) : 0),`,
  ),
  one(
    'count who is out again',
    'src/admissions/list-check-ins.ts',
    `AND \${checkIns.ticketTypeId} = \${ticketTypes.id} AND \${COUNTS})\`,`,
    (on) => `AND \${checkIns.ticketTypeId} = \${ticketTypes.id} AND (\${${on} ? 1 : 0} OR \${COUNTS}))\`,`,
  ),
  one(
    'undo nothing',
    'src/admissions/undo-check-in.ts',
    '.set({ undoneAt: ctx.now,',
    (on) => `.set({ undoneAt: ${on} ? null : ctx.now,`,
  ),
  one(
    'keep no conflict',
    'src/admissions/take-scans.ts',
    `WHERE \${checkIns.id} IS NOT scan.value->>0\``,
    (on) => `WHERE \${checkIns.id} IS NOT scan.value->>0 AND \${${on} ? 0 : 1}\``,
  ),
  one(
    'take back a ticket that somebody is in with',
    'src/admissions/return-tickets.ts',
    `WHERE \${notExists(whoIsIn)}\``,
    (on) => `WHERE \${${on} ? 1 : 0} OR \${notExists(whoIsIn)}\``,
  ),
]

const SALES: readonly PlantedBug[] = [
  {
    name: 'keep the money of a cancelled event',
    edits: [
      {
        file: 'src/events/ticket-types/step.ts',
        find: 'part.hasOrders ? [refundAll, tellAll]',
        replace: `part.hasOrders ? (${isOn('keep the money of a cancelled event')} ? [tellAll] : [refundAll, tellAll])`,
      },
    ],
  },
  {
    name: 'leave a given admission with its giver too',
    edits: [
      {
        file: 'src/tickets/pool/inventory.ts',
        find: `const at = this.#change(row, 'voided', [number], now, null)`,
        replace: `const at = ${isOn('leave a given admission with its giver too')} ? now
          : this.#change(row, 'voided', [number], now, null)`,
      },
    ],
  },
  {
    name: 'lower a capacity below what is sold',
    edits: [
      {
        file: 'src/tickets/pool/configure.ts',
        find: 'if (terms.total < taken)',
        replace: `if (terms.total < taken && !(${isOn('lower a capacity below what is sold')}))`,
      },
    ],
  },
]

const GROUPS: readonly PlantedBug[] = [
  one(
    'admit without a seat',
    'src/orders/lines/pool-line.ts',
    'const lostSeats = isDecided ?',
    (on) => `const lostSeats = isDecided || ${on} ?`,
  ),
  one(
    'hold one seat for an order',
    'src/tickets/seats.ts',
    'quantity: numbers.length,\n      numbers: null,\n      payment: { holdMs',
    (on) => `quantity: ${on} ? 1 : numbers.length,
      numbers: null,
      payment: { holdMs`,
  ),
  one(
    'keep the seats of tickets that were taken back',
    'src/tickets/seats.ts',
    'const numbers = places.map((place) => issued[place]!)',
    (on) => `if (${on}) return
    const numbers = places.map((place) => issued[place]!)`,
  ),
]

const GIFTS: readonly PlantedBug[] = [
  one(
    'accept what was offered to somebody else',
    'src/admissions/transfers/answer-offer.ts',
    `eq(ticketTransfers.email, email),
          gt(`,
    (on) => `${on} ? undefined : eq(ticketTransfers.email, email),
          gt(`,
  ),
  one(
    'accept an offer after its end',
    'src/admissions/transfers/answer-offer.ts',
    'gt(ticketTransfers.expiresAt, ctx.now),',
    (on) => `${on} ? undefined : gt(ticketTransfers.expiresAt, ctx.now),`,
  ),
  one(
    'never settle an acceptance',
    'src/admissions/transfers/answer-offer.ts',
    ".where(and(eq(ticketTransfers.id, id), eq(ticketTransfers.state, 'accepting')))",
    (on) =>
      `.where(and(eq(ticketTransfers.id, id), eq(ticketTransfers.state, ${on} ? 'open' : 'accepting')))`,
  ),
  one(
    'mail no offer of a ticket',
    'src/admissions/transfers/offer-ticket.ts',
    "kind: 'ticket_given', data }, isMade)",
    (on) => `kind: 'ticket_given', data }, ${on} ? sql\`false\` : isMade)`,
  ),
  one(
    'give a received ticket on',
    'src/admissions/transfers/offer-ticket.ts',
    'if (facts.isReceived) throw',
    (on) => `if (facts.isReceived && !(${on})) throw`,
  ),
  one(
    'accept a ticket that somebody is in with',
    'src/admissions/transfers/answer-offer.ts',
    'not(isIn(ticketTypeId, number, reservationId)),',
    (on) => `${on} ? undefined : not(isIn(ticketTypeId, number, reservationId)),`,
  ),
]

export const PLANTED_EVENT_BUGS: readonly PlantedBug[] = [...SALES, ...WAITING, ...DOOR, ...GROUPS, ...GIFTS]
