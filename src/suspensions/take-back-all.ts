/**
 * Takes back everything that a suspended user holds in raffles that are not frozen and events that are not over: places on
 * waiting lists are left, unpaid orders cancelled, paid tickets voided and refunded, earned entries revoked, free tickets
 * voided. Idempotent, and safe to run concurrently.
 */
import { cancelForPlatform } from '../checkout/cancel-for-platform.ts'
import type { Ctx } from '../core/context.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import { logNameOf } from '../grants/find-grant.ts'
import { requestRevocation } from '../grants/request-revocation.ts'
import { refundForPlatform } from '../refunds/refund-for-platform.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import { voidTickets } from '../tickets/void-tickets.ts'
import {
  freeTicketsLeft,
  grantsLeft,
  linesLeft,
  ordersLeft,
  type Scope,
  waitingLists,
} from './what-is-left.ts'

/** The shop reads it, and does not learn of the suspension. */
const REVOKE_REASON = 'This person may not take part.'

/** Returns whether nothing is left. False after an error, which is logged, or once `until` (ms since 1970) has passed. */
export async function takeBackAll(ctx: Ctx, scope: Scope, until: number): Promise<boolean> {
  let failures = 0
  // Waiting lists first, so that nothing that comes free is offered to this person. Orders before grants, because settling
  // one may earn a grant. Grants before free tickets, so that a grant is revoked with a reason before its tickets are voided.
  for (const step of [leaveWaitingLists, takeBackOrders, revokeGrants, voidFreeTickets]) {
    const maxPassMs = until - Date.now()
    if (maxPassMs <= 0) return false
    const { failed } = await step(ctx, scope, maxPassMs)
    failures += failed
  }
  return failures === 0 && Date.now() < until
}

/** A raffle has no waiting list. */
const leaveWaitingLists = (ctx: Ctx, scope: Scope, maxPassMs: number): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'waiting list of a suspended user',
    page: async (limit) => (scope.raffleId === null ? waitingLists(ctx, scope, limit) : []),
    one: async ({ id }) => orThrow(await askPool(ctx, id, (stub) => stub.leave(scope.userId))),
    maxPassMs,
  })

const takeBackOrders = (ctx: Ctx, scope: Scope, maxPassMs: number): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'order of a suspended user',
    page: (limit) => ordersLeft(ctx, scope, limit),
    one: async ({ id }) => {
      await cancelForPlatform(ctx, id)
      await refundForPlatform(ctx, id, await linesLeft(ctx, scope, id))
    },
    maxPassMs,
  })

const revokeGrants = (ctx: Ctx, scope: Scope, maxPassMs: number): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'grant of a suspended user',
    page: async (limit) => {
      const rows = await grantsLeft(ctx, scope, limit)
      return rows.map((row) => ({ ...row, id: logNameOf(row) }))
    },
    one: (grant) => requestRevocation(ctx, grant, { revokeReason: REVOKE_REASON }),
    maxPassMs,
  })

const voidFreeTickets = (ctx: Ctx, scope: Scope, maxPassMs: number): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'free tickets of a suspended user',
    page: (limit) => freeTicketsLeft(ctx, scope, limit),
    one: ({ id }) => voidTickets(ctx, id, null),
    maxPassMs,
  })
