/** The stored webhooks about one subject, for facts that a provider reports once and that no poll returns. */
import { and, asc, eq } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Provider } from '../provider-name.ts'
import { webhooks } from '../schema.ts'

/**
 * The raw bodies, oldest first. Each was verified when it was received, and is deleted after 90 days.
 * `subjectId` is our id of the payment, refund or payout.
 */
export const storedEventsAbout = (
  ctx: Ctx,
  provider: Provider,
  subjectId: string,
): Promise<{ eventId: string; body: string }[]> =>
  ctx.db
    .select({ eventId: webhooks.eventId, body: webhooks.body })
    .from(webhooks)
    .where(and(eq(webhooks.subjectId, subjectId), eq(webhooks.provider, provider)))
    .orderBy(asc(webhooks.receivedAt), asc(webhooks.eventId))
