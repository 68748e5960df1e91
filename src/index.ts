/** The worker's entry points: fetch, scheduled, and the Durable Object classes. */
import { app } from './app.ts'
import { settleOrdersBeforeFreeze } from './checkout/settle-before-freeze.ts'
import type { Bindings, Ctx } from './core/context.ts'
import { answerAtDoor } from './core/crowd-door.ts'
import { runSweep } from './cron.ts'
import { earnBeforeFreeze } from './grants/earn-by-admission.ts'
import { takeBackBeforeFreeze } from './suspensions/before-freeze.ts'
import { PoolObject } from './tickets/object/pool-object.ts'
import { voidSeats } from './tickets/seats.ts'

/** The class that `wrangler.toml` binds. The migrations name it, so it cannot be renamed. */
export class TicketPool extends PoolObject {
  protected override readonly hooks = {
    beforeFreeze: (ctx: Ctx, itemId: string) =>
      Promise.all([
        takeBackBeforeFreeze(ctx, itemId),
        settleOrdersBeforeFreeze(ctx, itemId),
        earnBeforeFreeze(ctx, itemId),
      ]),
    freeSeats: voidSeats,
  }
}

export { DatabaseWriter } from './core/writer/database-writer.ts'

export default {
  fetch: (request: Request, env: Bindings, context: ExecutionContext) =>
    answerAtDoor(request, env) ?? app.fetch(request, env, context),
  async scheduled(controller, env) {
    await runSweep(env, controller.scheduledTime)
  },
} satisfies ExportedHandler<Bindings>
