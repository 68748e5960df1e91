/** The shapes of draws on the wire: winners, upcoming draws, redraws, recalculation. Those of the proof are in `rdp1/proof.ts`. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Sum } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { PostalAddress } from '../core/postal-address.ts'
import { Line } from '../core/text.ts'
import { Instant, InstantIn } from '../core/time.ts'
import { RaffleStatus } from '../raffles/contract.ts'
import { MAX_PRIZE_UNITS, Prize } from '../raffles/prize-contract.ts'
import { WINNER_STATUSES } from './schema.ts'

/** A prize unit: `<rank>#<copy>`, both from 1. */
export const Unit = z.string().regex(/^[1-9]\d{0,3}#[1-9]\d{0,3}$/, 'must be <rank>#<copy>, such as 1#1')

export const WinnerStatus = z.enum(WINNER_STATUSES)

export const Winner = z
  .strictObject({
    id: Id('winner'),
    raffle: z.strictObject({ id: Id('raffle'), slug: z.string(), title: z.string() }),
    unit: z.string(),
    prize: z
      .strictObject({
        title: z.string(),
        kind: z.enum(['item', 'cash', 'share']),
        amount: Sum.nullable(),
        ticketTypeId: Id('ticketType')
          .nullable()
          .describe(
            'Its ticket type if it is an admission; else null. Null for the public too if the type is hidden.',
          ),
        undeliverable: z
          .string()
          .nullable()
          .describe(
            'Why the winner cannot get it, such as an event that was cancelled or is over; null if nothing is wrong.',
          ),
      })
      .describe('What was won. `amount` is the payout of cash or of a share; null for an item.'),
    number: z.number().int(),
    label: z.string().describe('The number as people read it, as in the list of tickets.'),
    name: z.string().describe('The name in the form that the winner chose.'),
    status: WinnerStatus,
    attempt: z.number().int().describe('0 is the draw; redraws count from 1.'),
    announcedAt: Instant,
    claimBy: Instant,
    reason: z
      .string()
      .nullable()
      .describe('Why the winner was disqualified, or why the lottery corrected its result; null otherwise.'),
    paidAt: Instant.nullable().describe('When its prize was paid; null for an item, and until it is paid.'),
    paymentReference: z
      .string()
      .nullable()
      .describe(
        'The reference of that payment. Only the winner and members who manage winners see it; null for everybody else.',
      ),
    disqualification: z
      .strictObject({ reason: z.string(), proposedBy: Id('user'), proposedAt: Instant, lapsesAt: Instant })
      .nullable()
      .describe(
        'The proposal that waits for a second person. Only members who manage winners see it; null for everybody else.',
      ),
  })
  .meta({ id: 'Winner' })
export type Winner = z.infer<typeof Winner>

export const WinnerPage = Page(Winner)

export const ListWinners = PageQuery.extend({
  since: InstantIn.optional().describe(
    'Only winners from this instant on; by default of the last seven days.',
  ),
  mine: z.stringbool().default(false).describe('Only your own, from any time.'),
  needs: z
    .enum(['decision'])
    .optional()
    .describe(
      '`decision`: those whom somebody proposed to disqualify, from any time, of organisations whose winners you manage.',
    ),
})
export type ListWinners = z.infer<typeof ListWinners>

export const WinnerParams = z.object({ id: Id('winner') })
/** The address for an item, or the payout method for cash: exactly one of them, by the kind of the prize. An admission needs neither. */
export const ClaimPrize = z
  .strictObject({
    deliveryAddress: PostalAddress.optional(),
    payoutMethodId: Id('payoutMethod').optional(),
  })
  .meta({ id: 'ClaimPrize' })
export type ClaimPrize = z.infer<typeof ClaimPrize>

/** A claim, as shown to its winner and to the organisation that delivers. */
export const Claim = z
  .strictObject({
    winner: Winner,
    deliveryAddress: PostalAddress.nullable(),
    payableFrom: Instant.nullable().describe(
      'From when its money can be paid, because a new payout method waits a day. Null: it is not money.',
    ),
    reservationId: Id('reservation')
      .nullable()
      .describe(
        'The reservation of the winner’s ticket, if the prize is an admission and is issued; else null.',
      ),
    updatedAt: Instant.describe('When the claim last changed, as by a correction of the address.'),
  })
  .meta({ id: 'Claim' })
export type Claim = z.infer<typeof Claim>

export const ConfirmDisqualification = z
  .strictObject({
    proposedBy: Id('user')
      .optional()
      .describe('Whose proposal you read. If another one waits by now, it is not confirmed.'),
  })
  .meta({ id: 'ConfirmDisqualification' })
export type ConfirmDisqualification = z.infer<typeof ConfirmDisqualification>

export const DeliverPrize = z
  .strictObject({
    claimUpdatedAt: InstantIn.optional().describe(
      'The `updatedAt` of the claim that you read. If its address was corrected since, nothing is marked.',
    ),
  })
  .meta({ id: 'DeliverPrize' })
export type DeliverPrize = z.infer<typeof DeliverPrize>

export const UpcomingDraw = z
  .strictObject({
    raffle: z.strictObject({
      id: Id('raffle'),
      slug: z.string(),
      title: z.string(),
      imageUrl: z.string().nullable(),
      status: RaffleStatus,
    }),
    series: z
      .strictObject({ id: Id('series'), title: z.string() })
      .nullable()
      .describe('The series of the raffle; null if it has none.'),
    drawAt: Instant,
    localDrawAt: z.string().describe('The draw’s time on the raffle’s own wall clock.'),
    round: z.number().int().nullable(),
    prizes: z.array(Prize),
  })
  .meta({ id: 'UpcomingDraw' })
export type UpcomingDraw = z.infer<typeof UpcomingDraw>

export const UpcomingPage = Page(UpcomingDraw)

export const ListUpcoming = PageQuery.extend({ seriesId: Id('series').optional() })
export type ListUpcoming = z.infer<typeof ListUpcoming>

export const RequestRedraw = z
  .strictObject({
    units: z
      .array(Unit)
      .min(1)
      .max(MAX_PRIZE_UNITS)
      .refine((units) => new Set(units).size === units.length, 'must not name a unit twice'),
    reason: Line(3, 500),
  })
  .meta({ id: 'RequestRedraw' })
export type RequestRedraw = z.infer<typeof RequestRedraw>

export const Redraw = z
  .strictObject({
    attempt: z.number().int(),
    units: z.array(z.string()),
    reason: z.string(),
    round: z.number().int(),
    drawAt: Instant.describe('When the round of the beacon is due.'),
  })
  .meta({ id: 'Redraw' })
export type Redraw = z.infer<typeof Redraw>

export const Recalculation = z
  .strictObject({
    matches: z
      .boolean()
      .describe('Whether everything published follows from the rules, the log and the beacon.'),
    attempts: z.array(z.strictObject({ attempt: z.number().int(), matches: z.boolean() })),
    takings: z
      .strictObject({ expected: Sum, ledger: Sum, matches: z.boolean() })
      .nullable()
      .describe(
        'Price times tickets, and the ledger’s takings; null if entries are free or the raffle was cancelled.',
      ),
  })
  .meta({ id: 'Recalculation' })
export type Recalculation = z.infer<typeof Recalculation>
