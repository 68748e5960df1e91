/** The shapes of raffles on the wire: requests, with every bound, and responses. */
import * as z from 'zod'
import { SaleCountries } from '../core/countries.ts'
import { Id } from '../core/ids.ts'
import { Location } from '../core/locations.ts'
import { Money, MoneyIn } from '../core/money.ts'
import { Line, LongText } from '../core/text.ts'
import { Instant, InstantIn, SECOND_MS, TimeZone } from '../core/time.ts'
import { HttpsUrl } from '../core/web-address.ts'
import { Provider } from '../money/provider-name.ts'
import { ProviderIn } from '../money/providers/offered.ts'
import { EntryTerms } from '../tickets/entry-terms.ts'
import { MAX_TICKETS_A_POOL } from '../tickets/terms.ts'
import { BeaconDraw, DEFAULT_REDRAWS, Draw, OfficialResults } from './draw-contract.ts'
import { Earning } from './earning.ts'
import { entryFields, NEW_ENTRY_TERMS } from './entry-fields.ts'
import { Prize, PrizesIn } from './prize-contract.ts'

const MAX_TAGS = 10

/** The platform sets no alarm after 2189, and the rules write years with four digits. */
const EARLIEST_INSTANT = Date.parse('2000-01-01T00:00:00Z')
const LATEST_INSTANT = Date.parse('2100-01-01T00:00:00Z')

/** An instant of the rules, in whole seconds. */
const rulesInstant = (round: (seconds: number) => number) =>
  InstantIn.transform((ms) => round(ms / SECOND_MS) * SECOND_MS).refine(
    (ms) => ms >= EARLIEST_INSTANT && ms <= LATEST_INSTANT,
    'must lie between the years 2000 and 2100',
  )
/** Rounded up: nothing happens earlier than promised. */
const RulesInstant = rulesInstant(Math.ceil)
/** Rounded down: a raffle that opens now must open now, not a moment later. */
const OpeningInstant = rulesInstant(Math.floor)

const RAFFLE_STATUSES = [
  'draft',
  'scheduled',
  'open',
  'closed',
  'committed',
  'drawn',
  'settled',
  'cancelled',
] as const
export const RaffleStatus = z.enum(RAFFLE_STATUSES)
export type RaffleStatus = z.infer<typeof RaffleStatus>

/** The rules that players agree to. Publication fixes some; the pool freezes the others with the first held or sold ticket. */
const rulesFields = {
  title: Line(1, 120),
  ticketPrice: MoneyIn,
  totalTickets: z.number().int().min(1).max(MAX_TICKETS_A_POOL),
  maxPerUser: z.number().int().min(1).max(MAX_TICKETS_A_POOL).nullable(),
  numbering: z.enum(['sequential', 'random', 'chosen']),
  opensAt: OpeningInstant,
  closesAt: RulesInstant,
  drawAt: RulesInstant,
  prizes: PrizesIn,
  winPolicy: z.enum(['perTicket', 'perHolder']),
  minTickets: z.number().int().min(0).max(MAX_TICKETS_A_POOL),
  rakeBps: z.number().int().min(0).max(10_000),
  guaranteed: z.boolean(),
  providers: z
    .array(ProviderIn)
    .max(4)
    .refine((providers) => new Set(providers).size === providers.length, 'must not name a provider twice')
    .meta({
      description:
        'Which providers buyers may pay by. If a raffle with a price names none, publication takes all that are set up for that price, except `manual`.',
    }),
  entry: z.enum(['purchase', 'order']),
  ...entryFields,
  earning: Earning.nullable(),
  poolLocation: Location.nullable().meta({
    description:
      'The region of the buyers, near which the raffle’s tickets are given out; null: where this deployment says. It is fixed at publication.',
  }),
  draw: Draw,
  claimDays: z.number().int().min(1).max(365),
  onUnclaimed: z.enum(['redraw', 'keep']),
  maxRedraws: z.number().int().min(0).max(10),
  earlyClose: z.enum(['no', 'soldOut', 'operator']),
}

/** The descriptive fields of a raffle, which may change at any time. */
const freeFields = {
  description: LongText(5_000),
  imageUrl: HttpsUrl.nullable(),
  categoryId: Id('category').nullable().describe('One of the organisation’s categories; null: none.'),
  tags: z.array(Line(1, 30)).max(MAX_TAGS),
  location: Line(0, 200).nullable(),
  timeZone: TimeZone,
}

/** The names of the fields that may change at any time. */
export const FREE_FIELDS = Object.keys(freeFields) as (keyof typeof freeFields)[]

/** The names of the fields that publication fixes. */
export const FIXED_BY_PUBLICATION = [
  'earning',
  'poolLocation',
  ...(Object.keys(EntryTerms.shape) as (keyof EntryTerms)[]),
] as const

/** Not known to the pool. */
const OUTSIDE_THE_RULES = ['earning', 'poolLocation'] as const

export type RulesField = Exclude<keyof typeof rulesFields, (typeof OUTSIDE_THE_RULES)[number]>

/** The names of the fields that the pool holds. Those that publication does not fix freeze with the first ticket. */
export const RULES_FIELDS = Object.keys(rulesFields).filter(
  (name) => !OUTSIDE_THE_RULES.some((outside) => outside === name),
) as RulesField[]

/** Fields that a new raffle may leave out, with their defaults. */
const defaultedFields = {
  maxPerUser: rulesFields.maxPerUser.optional(),
  minTickets: rulesFields.minTickets.default(0),
  rakeBps: rulesFields.rakeBps.default(0),
  guaranteed: rulesFields.guaranteed.default(false),
  providers: rulesFields.providers.default([]),
  entry: rulesFields.entry.default('purchase'),
  entrants: rulesFields.entrants.default(NEW_ENTRY_TERMS.entrants),
  staffMayEnter: rulesFields.staffMayEnter.default(NEW_ENTRY_TERMS.staffMayEnter),
  challenge: rulesFields.challenge.default(NEW_ENTRY_TERMS.challenge),
  countries: rulesFields.countries.default(NEW_ENTRY_TERMS.countries),
  earning: rulesFields.earning.default(null),
  poolLocation: rulesFields.poolLocation.default(null),
  draw: rulesFields.draw.default({ method: 'beacon' }),
  claimDays: rulesFields.claimDays.default(14),
  onUnclaimed: rulesFields.onUnclaimed
    .optional()
    .describe('By default `redraw`; `keep` if a lottery decides, which allows nothing else.'),
  maxRedraws: rulesFields.maxRedraws
    .optional()
    .describe('By default 3; 0 if a lottery decides, which allows nothing else.'),
  earlyClose: rulesFields.earlyClose.default('operator'),
  description: freeFields.description.default(''),
  imageUrl: freeFields.imageUrl.default(null),
  categoryId: freeFields.categoryId.default(null),
  tags: freeFields.tags.default([]),
  location: freeFields.location.default(null),
  timeZone: freeFields.timeZone.default('UTC'),
}

export const CreateRaffle = z
  .strictObject({ organisationId: Id('organisation').optional(), ...rulesFields, ...defaultedFields })
  .meta({ id: 'CreateRaffle' })
export type CreateRaffle = z.infer<typeof CreateRaffle>

const ChangedRaffle = z.strictObject({ ...rulesFields, ...freeFields }).partial()

/** A partial change: fields that are left out keep their values. */
export const UpdateRaffle = ChangedRaffle.meta({ id: 'UpdateRaffle' })
export type UpdateRaffle = z.infer<typeof UpdateRaffle>

/** The times of a raffle, which saved terms do not have. */
export const RaffleTimes = z.strictObject({
  opensAt: rulesFields.opensAt,
  closesAt: rulesFields.closesAt,
  drawAt: rulesFields.drawAt,
})
export type RaffleTimes = z.infer<typeof RaffleTimes>

const TIMES = { opensAt: true, closesAt: true, drawAt: true } as const

/** Terms to start raffles from: every field of a new raffle except its times. A lottery is named when a raffle starts. */
export const SavedTerms = CreateRaffle.omit({ organisationId: true, ...TIMES }).extend({
  draw: BeaconDraw.default({ method: 'beacon' }),
  onUnclaimed: rulesFields.onUnclaimed.default(DEFAULT_REDRAWS.onUnclaimed),
  maxRedraws: rulesFields.maxRedraws.default(DEFAULT_REDRAWS.maxRedraws),
})
export type SavedTerms = z.infer<typeof SavedTerms>

/** A change of saved terms. */
export const ChangedTerms = ChangedRaffle.omit(TIMES).extend({ draw: BeaconDraw.optional() })
export type ChangedTerms = z.infer<typeof ChangedTerms>

/** A raffle that is started from saved terms: its times, and any field that differs. */
export const StartRaffle = ChangedRaffle.extend({
  ...RaffleTimes.shape,
  drawAt: rulesFields.drawAt
    .optional()
    .describe('May be left out if a lottery decides: then it is the time of the official draw.'),
}).meta({ id: 'StartRaffle' })
export type StartRaffle = z.infer<typeof StartRaffle>
export const OrganisationRef = z
  .strictObject({ id: Id('organisation'), slug: z.string(), name: z.string() })
  .meta({ id: 'OrganisationRef' })

export const Raffle = z
  .strictObject({
    id: Id('raffle'),
    slug: z.string(),
    status: RaffleStatus,
    organisation: OrganisationRef,
    seriesId: Id('series').nullable().describe('The series that made it; null if none did.'),
    title: z.string(),
    description: z.string(),
    imageUrl: z.string().nullable(),
    categoryId: Id('category').nullable(),
    tags: z.array(z.string()),
    location: z.string().nullable(),
    ticketPrice: Money,
    totalTickets: z.number().int(),
    sold: z.number().int(),
    held: z.number().int(),
    available: z.number().int(),
    maxPerUser: z.number().int().nullable(),
    numbering: rulesFields.numbering,
    opensAt: Instant,
    closesAt: Instant,
    freezeAt: Instant,
    drawAt: Instant,
    effectiveDrawAt: Instant.describe(
      'The actual time of the draw: `drawAt`, or after an early close the earliest fair time.',
    ),
    timeZone: z.string(),
    local: z
      .strictObject({ opensAt: z.string(), closesAt: z.string(), drawAt: z.string() })
      .describe('The same instants on the wall clock of `timeZone`.'),
    prizes: z.array(Prize),
    winPolicy: rulesFields.winPolicy,
    minTickets: z.number().int(),
    rakeBps: z.number().int(),
    guaranteed: z.boolean(),
    providers: z.array(Provider),
    entry: rulesFields.entry,
    entrants: rulesFields.entrants,
    staffMayEnter: rulesFields.staffMayEnter,
    challenge: rulesFields.challenge,
    countries: SaleCountries,
    turnstileSiteKey: z
      .string()
      .nullable()
      .describe('The key of the widget whose token a purchase sends; null if no check is asked for.'),
    earning: Earning.nullable(),
    poolLocation: rulesFields.poolLocation,
    draw: Draw,
    claimDays: z.number().int(),
    onUnclaimed: rulesFields.onUnclaimed,
    maxRedraws: z.number().int(),
    earlyClose: rulesFields.earlyClose,
    log: z
      .strictObject({ size: z.number().int(), root: z.string() })
      .nullable()
      .describe('Size and root of the sale log (hex); null before publication.'),
    round: z
      .number()
      .int()
      .nullable()
      .describe('The beacon round that draws it; null before the commitment, and if a lottery decides.'),
    officialResults: OfficialResults.nullable().describe(
      'What the lottery that decides it has published; null if a beacon draws.',
    ),
    closeReason: z.enum(['scheduled', 'soldOut', 'operator']).nullable(),
    closeNote: z.string().nullable(),
    cancellation: z.strictObject({ at: Instant, reason: z.string() }).nullable(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Raffle' })
export type Raffle = z.infer<typeof Raffle>
