/**
 * `npm run deploy`: checks the configuration of production, applies the migrations that its databases lack, and deploys it.
 * Arguments go to `wrangler deploy`. With `--dry-run` nothing leaves this machine.
 */
import { spawnSync } from 'node:child_process'
import { unstable_readConfig as readConfig } from 'wrangler'
import { deployProblems } from './deploy-problems.ts'
import { CONFIG, ROOT, WRANGLER } from './wrangler.ts'

const PRODUCTION = ['--env', 'production']

const args = process.argv.slice(2)
const production = readConfig({ config: CONFIG, env: 'production' })
const { name } = readConfig({ config: CONFIG })
const problems = deployProblems(production, name)
if (problems.length > 0) {
  end(
    `wrangler.toml is not ready for production:\n\n  ${problems.join('\n  ')}\n\ndocs/operating.md has the steps.`,
  )
}
if (production.vars.MAIL_URL === undefined) {
  console.log('Mail is not set up, so the health check will fail: see docs/operating.md.\n')
}
// First the tables, since the previous version runs on the new ones too.
for (const { binding, database_name } of args.includes('--dry-run') ? [] : production.d1_databases) {
  if (!wrangler('d1', 'migrations', 'apply', binding, '--remote')) {
    end(`Nothing was deployed. If the database does not exist yet: npx wrangler d1 create ${database_name}`)
  }
}
if (!wrangler('deploy', ...args)) end('wrangler deploy failed. See its output above.')

/** Runs wrangler with this terminal, so that it can ask. */
function wrangler(...command: string[]): boolean {
  const { status } = spawnSync(process.execPath, [WRANGLER, ...command, ...PRODUCTION], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  return status === 0
}

function end(reason: string): never {
  console.error(`\n${reason}`)
  process.exit(1)
}
