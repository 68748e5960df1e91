/** A grant's tickets in its raffle's pool. Idempotent: the key of the grant returns the same tickets each time. */
import { eq } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import { personFacts } from '../accounts/token-facts.ts'
import type { Ctx } from '../core/context.ts'
import { systemKey } from '../core/idempotency.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { askPool } from '../tickets/client.ts'
import type { Entrant, ReserveOutcome } from '../tickets/pool-contract.ts'
import { isAdmission } from './contract.ts'
import type { GrantRow } from './schema.ts'

export async function reserveEntries(ctx: Ctx, raffle: RaffleRow, grant: GrantRow): Promise<ReserveOutcome> {
  const holder = grant.userId!
  const entrant = await entrantOf(ctx, holder)
  return askPool(ctx, raffle.pool, (pool) =>
    pool.reserve({
      itemId: raffle.id,
      holder,
      entrant,
      key: systemKey(`grant:${grant.orderRef}`),
      request: String(grant.entries),
      quantity: grant.entries,
      numbers: null,
      payment: null,
      entry: 'grant',
      ...(isAdmission(grant.orderRef) ? { earnedAt: grant.createdAt } : {}),
    }),
  )
}

/** A shop's key says nothing of the person, so D1 does. A person who was deleted since counts as anybody. */
async function entrantOf(ctx: Ctx, userId: string): Promise<Entrant> {
  const facts = await ctx.db.select(personFacts(ctx)).from(users).where(eq(users.id, userId)).get()
  return { isHuman: false, ...(facts ?? { isProved: false, staffOf: [] }) }
}
