/** What a provider has told us of something: for what it tells once and answers to no question. */
import { and, asc, eq } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Provider } from '../provider-name.ts'
import { webhooks } from '../schema.ts'

/** The raw bodies, verified when they came, the oldest first; gone after 90 days. `subjectId` is our own id of it. */
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
