/**
 * `npm run simulate -- --seeds 1000 --from 1`: simulates all flows of money over many seeds. With `--part event` it holds
 * events alone, which is several times faster. Or set SEEDS, FROM and PART.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, part: { type: 'string' } },
})
const env = { ...process.env }
if (values.seeds !== undefined) env.SEEDS = values.seeds
if (values.from !== undefined) env.FROM = values.from
if (values.part !== undefined) env.PART = values.part
const run = ['vitest', 'run', '--config', '.vitest.config.ts', '--project', 'simulate', '--bail', '1']
const { status } = spawnSync('npx', run, { env, stdio: 'inherit' })
process.exit(status ?? 1)
