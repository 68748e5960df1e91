/** Reading grants, and the raffles of those who may: its organisation's members, and its API keys. */
import { and, eq } from 'drizzle-orm'
import { requireApiKey } from '../accounts/require-api-key.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { findRaffle, findRaffleFor } from '../raffles/find-raffle.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { type GrantRow, grants } from './schema.ts'

export type GrantKey = Pick<GrantRow, 'raffleId' | 'orderRef'>

export const isGrant = ({ raffleId, orderRef }: GrantKey) =>
  and(eq(grants.raffleId, raffleId), eq(grants.orderRef, orderRef))

export const findGrant = (ctx: Ctx, key: GrantKey): Promise<GrantRow | undefined> =>
  ctx.db.select().from(grants).where(isGrant(key)).get()

/** The raffle for a key of its organisation; to every other key it does not exist. */
export async function findRaffleForKey(ctx: Ctx, raffleId: string): Promise<RaffleRow> {
  const { organisationId } = await requireApiKey(ctx, 'grants:write')
  const { raffle } = await findRaffle(ctx, raffleId)
  if (raffle.organisationId !== organisationId) throw notFound('raffle')
  return raffle
}

/** The raffle for a key of its organisation, or for a member who may. */
export async function findRaffleForGrants(ctx: Ctx, raffleId: string): Promise<RaffleRow> {
  if (ctx.apiKey !== null) return findRaffleForKey(ctx, raffleId)
  return (await findRaffleFor(ctx, raffleId, 'raffles:write')).raffle
}
