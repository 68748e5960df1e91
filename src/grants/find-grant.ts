/** Reads grants, and raffles for those who may see their grants: members of the organisation, and its API keys. */
import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { requireApiKey } from '../accounts/require-api-key.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { findRaffle, findRaffleFor } from '../raffles/find-raffle.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { isOurs } from './contract.ts'
import { type GrantRow, grants } from './schema.ts'

export type GrantKey = Pick<GrantRow, 'raffleId' | 'orderRef'>

/** How the log names a grant. A shop may put a name or an address into its reference, so only a hash of it is shown. */
export const logNameOf = ({ raffleId, orderRef }: GrantKey): string =>
  `${raffleId} ${isOurs(orderRef) ? orderRef : createHash('sha256').update(orderRef).digest('base64url').slice(0, SHOWN_HASH)}`

const SHOWN_HASH = 16

export const isGrant = ({ raffleId, orderRef }: GrantKey) =>
  and(eq(grants.raffleId, raffleId), eq(grants.orderRef, orderRef))

export const findGrant = (ctx: Ctx, key: GrantKey): Promise<GrantRow | undefined> =>
  ctx.db.select().from(grants).where(isGrant(key)).get()

/** The raffle for an API key of its organisation; every other key gets `not_found`. */
export async function findRaffleForKey(ctx: Ctx, raffleId: string): Promise<RaffleRow> {
  const { organisationId } = await requireApiKey(ctx, 'grants:write')
  const { raffle } = await findRaffle(ctx, raffleId)
  if (raffle.organisationId !== organisationId) throw notFound('raffle')
  return raffle
}

/** The raffle for an API key of its organisation, or for a member with `raffles:write`. */
export async function findRaffleForGrants(ctx: Ctx, raffleId: string): Promise<RaffleRow> {
  if (ctx.apiKey !== null) return findRaffleForKey(ctx, raffleId)
  return (await findRaffleFor(ctx, raffleId, 'raffles:write')).raffle
}
