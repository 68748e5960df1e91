/**
 * Mails all ticket holders of a raffle: the signed commitment at the freeze, and after the draw, if they did not win.
 * Goes through the holders by cursor, one page per batch, over as many sweeps as needed.
 */
import { and, asc, eq, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import { enqueueMails } from '../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { SECOND_MS } from '../core/time.ts'
import { type FoundRaffle, findRaffle } from '../raffles/find-raffle.ts'
import { askPool } from '../tickets/client.ts'
import { pools } from '../tickets/schema.ts'
import { NOTICE_KINDS, type NoticeRow, notices, winners } from './schema.ts'

const MAX_PASS_MS = 5 * SECOND_MS
const NOTICES_A_PASS = 50

/** A statement for the batch that announces a draw. It starts both notices, unless they have already started. */
export function startNotices(ctx: Ctx, raffleId: string) {
  const rows = NOTICE_KINDS.map((kind) => ({ raffleId, kind, dueAt: ctx.now, createdAt: ctx.now }))
  return ctx.db.insert(notices).values(rows).onConflictDoNothing()
}

/** Starts the notices of new commitments whose draws still lie ahead. */
async function startCommitmentNotices(ctx: Ctx): Promise<void> {
  const committed = and(isNotNull(pools.dueAt), isNotNull(pools.commitment), isNull(pools.cancellation))
  await withRetry(() =>
    ctx.db
      .insert(notices)
      .select(sql`
        SELECT ${pools.itemId}, 'commitment', 0, ${ctx.now}, ${ctx.now} FROM ${pools} WHERE ${committed}`)
      .onConflictDoNothing(),
  )
}

/** Continues every unfinished notice, the oldest first. */
export async function sweepNotices(ctx: Ctx): Promise<void> {
  await startCommitmentNotices(ctx)
  const until = Date.now() + MAX_PASS_MS
  const due = await ctx.db
    .select()
    .from(notices)
    .where(lte(notices.dueAt, ctx.now))
    .orderBy(asc(notices.dueAt))
    .limit(NOTICES_A_PASS)
  for (const [at, notice] of due.entries()) {
    const now = Date.now()
    if (now >= until) return
    try {
      // Each notice gets a share of the time left, so that one raffle's million holders do not block all others.
      await mailHolders(ctx, notice, now + (until - now) / (due.length - at))
    } catch (error) {
      ctx.log.error('holders not notified', { raffleId: notice.raffleId, kind: notice.kind, error })
    }
  }
}

async function mailHolders(ctx: Ctx, notice: NoticeRow, until: number): Promise<void> {
  const found = await findRaffle(ctx, notice.raffleId)
  for (let cursor: number | null = notice.cursor; cursor !== null && Date.now() < until; ) {
    const after: number = cursor
    const slice = await askPool(ctx, found.raffle.pool, (stub) => stub.holderSlice(after))
    cursor = slice?.next ?? null
    await enqueuePage(ctx, found, { ...notice, cursor: after }, slice?.holders ?? [], cursor)
  }
}

/** Race: two sweeps on the same page. Safe: mails and cursor change in one batch, guarded by the cursor. */
async function enqueuePage(
  ctx: Ctx,
  found: FoundRaffle,
  { raffleId, kind, cursor }: NoticeRow,
  holders: string[],
  next: number | null,
): Promise<void> {
  const isAtCursor = and(
    eq(notices.raffleId, raffleId),
    eq(notices.kind, kind),
    eq(notices.cursor, cursor),
    isNotNull(notices.dueAt),
  )
  const guard = sql`EXISTS (SELECT 1 FROM ${notices} WHERE ${isAtCursor})`
  const moveCursor = ctx.db
    .update(notices)
    .set(next === null ? { dueAt: null } : { cursor: next })
    .where(isAtCursor)
  await withRetry(() => ctx.db.batch([mailsOf(ctx, found, kind, holders, guard), moveCursor]))
}

function mailsOf(
  ctx: Ctx,
  { raffle, pool }: FoundRaffle,
  kind: NoticeRow['kind'],
  holders: string[],
  guard: ReturnType<typeof sql>,
) {
  const { id: raffleId, title, timeZone } = raffle
  const rows = holders.map((to) => ({ to, subject: `${raffleId}:${to}` }))
  if (kind === 'lost') {
    // A corrected result has other winners, who must not read that they lost; who won before it gets another mail.
    const isOfDraw = raffle.draw.method === 'lottery' ? sql`true` : eq(winners.attempt, 0)
    const hasWon = sql`EXISTS (SELECT 1 FROM ${winners} WHERE ${winners.userId} = value->>'to'
      AND ${winners.raffleId} = ${raffleId} AND ${isOfDraw})`
    const data = { raffleId, title }
    return enqueueMails(ctx, 'lost', rows, { bulk: true, guard: sql`${guard} AND NOT ${hasWon}`, data })
  }
  const commitment = pool?.commitment
  if (commitment == null) throw new Error('the pool has no commitment')
  const data = {
    raffleId,
    title,
    tickets: commitment.ticketCount,
    commitment: commitment.commitment,
    signature: commitment.commitmentSignature,
    drawAt: commitment.effectiveDrawAt * SECOND_MS,
    timeZone,
  }
  return enqueueMails(ctx, 'commitment', rows, { bulk: true, guard, data })
}
