/** What the platform calls: fetch, scheduled, and the Durable Object classes; nothing else. */
import { app } from './app.ts'
import type { Bindings } from './core/context.ts'
import { runSweep } from './cron.ts'

export { TicketPool } from './tickets/object/ticket-pool.ts'

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await runSweep(env, controller.scheduledTime)
  },
} satisfies ExportedHandler<Bindings>
