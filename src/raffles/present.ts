/** A raffle in its wire shape. */
import type { Settings } from '../core/settings.ts'
import { toInstant, toWallClock } from '../core/time.ts'
import { paymentSpanSeconds } from '../money/providers/payment-span.ts'
import type { Raffle } from './contract.ts'
import type { PoolRow, ShownRaffle } from './find-raffle.ts'
import { type LifeFacts, statusAt } from './life-cycle.ts'
import type { Prize } from './prize-contract.ts'
import type { RaffleRow } from './schema.ts'

export interface PresentFacts {
  now: number
  settings: Pick<Settings, 'HOLD_SECONDS' | 'TURNSTILE_SITE_KEY'>
  /** Whether the reader may edit the raffle. */
  isMember: boolean
}

export const lifeFacts = (
  raffle: Pick<RaffleRow, 'status' | 'opensAt' | 'closesAt'>,
  pool: Pick<PoolRow, 'closedAt' | 'commitment' | 'cancellation'> | null,
): LifeFacts => ({
  stored: raffle.status,
  opensAt: raffle.opensAt,
  closesAt: raffle.closesAt,
  pool:
    pool === null
      ? null
      : {
          closedAt: pool.closedAt,
          committed: pool.commitment !== null,
          cancelled: pool.cancellation !== null,
        },
})

type FoundTickets = Pick<ShownRaffle, 'raffle' | 'pool'>

export const isCancelled = ({ raffle, pool }: FoundTickets, now: number): boolean =>
  statusAt(lifeFacts(raffle, pool), now) === 'cancelled'

/** A cancelled raffle has no tickets held, sold or available. */
export function ticketCounts(found: FoundTickets, now: number): Pick<Raffle, 'sold' | 'held' | 'available'> {
  if (isCancelled(found, now)) return { sold: 0, held: 0, available: 0 }
  const { sold = 0, held = 0 } = found.pool ?? {}
  return { sold, held, available: found.raffle.totalTickets - sold - held }
}

export function presentRaffle(found: ShownRaffle, { now, settings, isMember }: PresentFacts): Raffle {
  const { raffle, organisation, pool } = found
  const { opensAt, closesAt, drawAt, timeZone } = raffle
  const freezeAt = pool?.freezeAt ?? closesAt + paymentSpanSeconds(raffle, settings.HOLD_SECONDS) * 1_000
  return {
    id: raffle.id,
    slug: raffle.slug,
    status: statusAt(lifeFacts(raffle, pool), now),
    organisation: { id: organisation.id, slug: organisation.slug, name: organisation.name },
    seriesId: raffle.seriesId,
    title: raffle.title,
    description: raffle.description,
    imageUrl: raffle.imageUrl,
    categoryId: raffle.categoryId,
    tags: raffle.tags,
    location: raffle.location,
    ticketPrice: { amount: raffle.priceAmount, currency: raffle.priceCurrency },
    totalTickets: raffle.totalTickets,
    ...ticketCounts(found, now),
    maxPerUser: raffle.maxPerUser,
    numbering: raffle.numbering,
    opensAt: toInstant(opensAt),
    closesAt: toInstant(closesAt),
    freezeAt: toInstant(freezeAt),
    drawAt: toInstant(drawAt),
    effectiveDrawAt: toInstant(pool === null ? drawAt : pool.effectiveDrawAt * 1_000),
    timeZone,
    local: {
      opensAt: toWallClock(opensAt, timeZone),
      closesAt: toWallClock(closesAt, timeZone),
      drawAt: toWallClock(drawAt, timeZone),
    },
    prizes: isMember ? raffle.prizes : withoutTypes(raffle.prizes, found.hiddenTypes),
    winPolicy: raffle.winPolicy,
    minTickets: raffle.minTickets,
    rakeBps: raffle.rakeBps,
    guaranteed: raffle.guaranteed,
    providers: raffle.providers,
    entry: raffle.entry,
    entrants: raffle.entrants,
    staffMayEnter: raffle.staffMayEnter,
    challenge: raffle.challenge,
    countries: raffle.countries,
    turnstileSiteKey: raffle.challenge === 'none' ? null : (settings.TURNSTILE_SITE_KEY ?? null),
    earning: raffle.earning,
    poolLocation: raffle.poolLocation,
    draw: raffle.draw,
    claimDays: raffle.claimDays,
    onUnclaimed: raffle.onUnclaimed,
    maxRedraws: raffle.maxRedraws,
    earlyClose: raffle.earlyClose,
    log: pool === null ? null : { size: pool.logSize, root: pool.logRoot },
    // 0: a lottery decides, not a round.
    round: pool?.commitment?.round || null,
    officialResults: presentResults(found, isMember),
    closeReason: pool?.closeReason ?? (pool?.commitment == null ? null : pool.commitment.closeReason),
    closeNote: raffle.closeNote,
    cancellation:
      pool?.cancellation == null
        ? null
        : { at: toInstant(pool.cancellation.at), reason: pool.cancellation.reason },
    createdAt: toInstant(raffle.createdAt),
    updatedAt: toInstant(raffle.updatedAt),
  }
}

/** A settled raffle changes no more, so it refuses every later correction. */
function presentResults(
  { raffle, publishedResults, lotteryAttention }: ShownRaffle,
  isMember: boolean,
): Raffle['officialResults'] {
  const { draw, status, acceptedResults: accepted, refusedResults } = raffle
  if (draw.method !== 'lottery') return null
  const refused = status === 'settled' ? publishedResults - accepted : refusedResults
  return { accepted, refused, attention: isMember ? lotteryAttention : null }
}

/** Whoever has the id of a ticket type can buy it, so a prize does not tell that of a type that is not listed. */
const withoutTypes = (prizes: readonly Prize[], hidden: readonly string[]): Prize[] =>
  prizes.map((prize) => {
    if (prize.kind !== 'item' || prize.ticketTypeId === undefined || !hidden.includes(prize.ticketTypeId))
      return prize
    const { ticketTypeId: _, ...rest } = prize
    return rest
  })
