/**
 * Which access tokens were revoked before they expired. Each isolate keeps the list in memory and reads the new rows about
 * once a second. So a purchase needs no trip to the database. It reads the primary, because a replica may be late.
 */
import { asc, gte } from 'drizzle-orm'
import type { Actor, Ctx } from '../core/context.ts'
import { databaseReason } from '../core/database.ts'
import { onPrimary } from '../core/position.ts'
import { SECOND_MS } from '../core/time.ts'
import { endsWithin } from '../core/time-limit.ts'
import { revocations } from './schema.ts'

/** How old the list may be. */
const MAX_AGE_MS = 1 * SECOND_MS
/** From this age on one request reads the list in the background, and the others need not wait. */
const REFRESH_AGE_MS = 0.8 * SECOND_MS
/** How long a request waits for D1. Then it goes on with the last list. */
const MAX_WAIT_MS = 1 * SECOND_MS
const MAX_ROWS_A_READ = 1_000

type Row = typeof revocations.$inferSelect

/** Lets work go on after the response. */
export type InBackground = (work: Promise<unknown>) => void

class RevocationList {
  /** The time of the last revocation, by session, and the last row by user. */
  #sessions = new Map<string, number>()
  #users = new Map<string, { seq: number; at: number }>()
  #last: Row | undefined
  /** When the last complete read began. */
  #readAt = Number.NEGATIVE_INFINITY
  /** When the last read in the background began. */
  #startedAt = Number.NEGATIVE_INFINITY
  /** When the last read failed; null if it did not. */
  #failedAt: number | null = null
  /** How often this isolate has revoked tokens itself. */
  #changes = 0

  isSignedOut({ sessionId }: Pick<Actor, 'sessionId'>): boolean {
    return this.#sessions.has(sessionId)
  }

  /** Whether something that a token says has changed since its issue at `revision`. */
  isOutdated({ userId }: Pick<Actor, 'userId'>, revision: number): boolean {
    return (this.#users.get(userId)?.seq ?? 0) > revision
  }

  isFresh(now: number): boolean {
    return now - this.#readAt < MAX_AGE_MS
  }

  /** Called after each change, so that the next request of this isolate reads the list. */
  expire(): void {
    this.#changes++
    this.#readAt = Number.NEGATIVE_INFINITY
    this.#failedAt = null
  }

  /**
   * Makes the list fresh, if D1 answers in time. A request never waits for the read of another one, because the platform
   * lets no request use the connections of another.
   */
  async refresh(ctx: Ctx, inBackground: InBackground): Promise<void> {
    const { now } = ctx
    if (this.isFresh(now)) {
      const isDue = now - this.#readAt >= REFRESH_AGE_MS && now - this.#startedAt >= REFRESH_AGE_MS
      if (!isDue) return
      this.#startedAt = now
      return inBackground(this.#tryReading(ctx))
    }
    // While D1 is silent, one request a second asks it, and the others do not wait.
    if (this.#failedAt !== null) {
      if (now - this.#failedAt < MAX_AGE_MS) return
      this.#failedAt = now
    }
    if (!(await endsWithin(MAX_WAIT_MS, this.#tryReading(ctx)))) this.#failedAt = now
  }

  async #tryReading(ctx: Ctx): Promise<void> {
    try {
      await this.#readNew(ctx)
      this.#failedAt = null
    } catch (error) {
      this.#failedAt = ctx.now
      ctx.log.warn('the list of revoked tokens could not be read', {
        reason: databaseReason(error),
      })
    }
  }

  async #readNew(ctx: Ctx): Promise<void> {
    const { now } = ctx
    const changes = this.#changes
    for (;;) {
      const from = this.#last
      const rows = await onPrimary(() =>
        ctx.db
          .select()
          .from(revocations)
          .where(gte(revocations.seq, from?.seq ?? 0))
          .orderBy(asc(revocations.seq))
          .limit(MAX_ROWS_A_READ),
      )
      // The sweep keeps the last row. If it is gone, the database was restored to an earlier time.
      if (from !== undefined && !isSame(rows[0], from)) this.#clear()
      else {
        for (const row of rows) this.#add(row)
        if (rows.length < MAX_ROWS_A_READ) break
      }
    }
    this.#forget(now - ctx.settings.ACCESS_TOKEN_SECONDS * SECOND_MS - MAX_WAIT_MS)
    // Race: this isolate revokes a token while it reads. The read may have missed it, so it does not count.
    if (changes === this.#changes) this.#readAt = Math.max(this.#readAt, now)
  }

  /** Reads may overlap, and a slow one brings older rows than those that are known. */
  #add(row: Row): void {
    if (row.sessionId !== null) this.#sessions.set(row.sessionId, row.at)
    else if (row.seq > (this.#users.get(row.userId)?.seq ?? 0)) {
      this.#users.set(row.userId, { seq: row.seq, at: row.at })
    }
    if (row.seq > (this.#last?.seq ?? 0)) this.#last = row
  }

  /** Every token that was revoked before `time` has expired. */
  #forget(time: number): void {
    for (const [id, at] of this.#sessions) if (at < time) this.#sessions.delete(id)
    for (const [id, { at }] of this.#users) if (at < time) this.#users.delete(id)
  }

  #clear(): void {
    this.#sessions.clear()
    this.#users.clear()
    this.#last = undefined
  }
}

const isSame = (row: Row | undefined, other: Row): boolean =>
  row !== undefined &&
  row.seq === other.seq &&
  row.userId === other.userId &&
  row.sessionId === other.sessionId &&
  row.at === other.at

/** The list of this isolate. */
export const revokedTokens = new RevocationList()
