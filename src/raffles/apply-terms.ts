/** Writes the terms that the pool has accepted to the raffle's row; an older version never overwrites a newer one. */
import { and, eq, lt, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { fold } from '../core/fold.ts'
import { parseRules } from '../rdp1/rules.ts'
import { drawClock } from '../tickets/pool/clock.ts'
import type { RaffleTerms } from '../tickets/terms.ts'
import { coverOf } from './economics.ts'
import { withTicketTypes } from './prize-seats.ts'
import { withProducts } from './prize-stock.ts'
import { organisationOf, raffles } from './schema.ts'
import { columnsOf } from './terms.ts'

/** Of the terms that a raffle is published under. */
const FIRST_VERSION = 1

/**
 * The pool decides and D1 follows. A crash between the two leaves the pool ahead, and the sweep then calls this with the
 * projected terms. A draft whose terms a pool has accepted is published.
 */
export async function applyTerms(
  ctx: Ctx,
  raffleId: string,
  version: number,
  terms: RaffleTerms,
  changed: string[] = [],
): Promise<void> {
  const columns = columnsOf(terms)
  const prizes = await withTicketTypes(ctx, raffleId, await withProducts(ctx, raffleId, columns.prizes))
  const { freezeAt } = drawClock(parseRules(terms.rules), terms.paymentSpanSeconds, null)
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(raffles)
        .set({
          ...columns,
          folded: fold(columns.title),
          prizes,
          cover: coverOf(columns),
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
