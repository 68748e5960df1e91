/** Starts the pinned wrangler without telemetry, log files, update checks or prompts. */
import { join } from 'node:path'
import { type ProcessGroup, startGroup } from './process-group.ts'

export const ROOT = join(import.meta.dirname, '..')
export const CONFIG = join(ROOT, 'wrangler.toml')
export const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

const ENVIRONMENT = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  // The banner also checks for a newer version.
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  // Two clones on one machine must not find each other's workers.
  WRANGLER_REGISTRY_PATH: join(ROOT, '.wrangler/registry'),
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
}

export const startWrangler = (args: string[], onLine: (line: string) => void): ProcessGroup =>
  startGroup(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...ENVIRONMENT },
    onLine,
  })
