/** What the platform calls: fetch, scheduled, and the Durable Object classes; nothing else. */
import { app } from './app.ts'
import { settleOrdersBeforeFreeze } from './checkout/settle-before-freeze.ts'
import type { Bindings } from './core/context.ts'
import { runSweep } from './cron.ts'
import { PoolObject } from './tickets/object/pool-object.ts'

/** The class that `wrangler.toml` binds; its name is in the migrations, so it stays. */
export class TicketPool extends PoolObject {
  protected override readonly hooks = { beforeFreeze: settleOrdersBeforeFreeze }
}

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await runSweep(env, controller.scheduledTime)
  },
} satisfies ExportedHandler<Bindings>
