/** Writes terms that the pool has accepted into the raffle's row; a newer version is never overwritten by an older. */

import { and, eq, lt, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { parseRules } from '../rdp1/rules.ts'
import { drawClock } from '../tickets/pool/clock.ts'
import type { RaffleTerms } from '../tickets/terms.ts'
import { withProducts } from './prize-stock.ts'
import { organisationOf, raffles } from './schema.ts'
import { columnsOf } from './terms.ts'

/** Of the terms that a raffle is published under. */
const FIRST_VERSION = 1

/**
 * The pool decides, D1 follows: a crash between the two leaves a pool that is ahead, and the sweep calls this with what
 * the pool projected. A draft whose terms a pool has accepted is published.
 *
 * The audit's row comes with what D1 writes first after the pool has accepted, so a refusal leaves none. Where the request
 * dies in between, the row is the sweep's: it names neither the person nor what changed.
 */
export async function applyTerms(
  ctx: Ctx,
  raffleId: string,
  version: number,
  terms: RaffleTerms,
  changed: string[] = [],
): Promise<void> {
  const columns = columnsOf(terms)
  const prizes = await withProducts(ctx, raffleId, columns.prizes)
  const { freezeAt } = drawClock(parseRules(terms.rules), terms.paymentSpanSeconds, null)
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(raffles)
        .set({
          ...columns,
          prizes,
          dueAt: freezeAt,
          termsVersion: version,
          revision: sql`${raffles.revision} + 1`,
          status: sql`CASE WHEN ${raffles.status} = 'draft' THEN 'scheduled' ELSE ${raffles.status} END`,
          updatedAt: ctx.now,
        })
        .where(and(eq(raffles.id, raffleId), lt(raffles.termsVersion, version))),
      insertAudit(ctx, {
        action: version === FIRST_VERSION ? 'raffle.published' : 'raffle.rules_changed',
        subject: { kind: 'raffle', id: raffleId },
        organisationId: organisationOf(raffleId),
        fields: changed,
      }),
    ]),
  )
}
