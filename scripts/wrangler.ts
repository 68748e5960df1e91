/** Wrangler as the scripts call it: the pinned version, quiet, offline, asking nothing. */
import { join } from 'node:path'
import { type ProcessGroup, startGroup } from './process-group.ts'

export const ROOT = join(import.meta.dirname, '..')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

const ENVIRONMENT = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  // The banner is also what looks for a newer version.
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  // Two copies of the project on one machine do not know of each other.
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
