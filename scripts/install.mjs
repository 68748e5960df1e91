/**
 * Installs the dependencies unless node_modules matches the lock file.
 * Plain JavaScript without dependencies: it runs on the machine's own Node before anything is installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OLDEST_NODE = 20

const [major] = process.versions.node.split('.').map(Number)
if (major < OLDEST_NODE) {
  fail(`Tombola needs Node ${OLDEST_NODE} or later to install itself; this is Node ${process.versions.node}.`)
}
if (!isInstalled()) install()
const copied = ['swagger/swagger-ui.css', 'common-passwords.json']
if (!copied.every((file) => existsSync(join(ROOT, 'src/web/assets', file)))) await import('./copy-assets.mjs')

/** npm keeps a lock file of the installed packages in node_modules. An interrupted install leaves none, or an older one. */
function isInstalled() {
  const wanted = readPackages('package-lock.json')
  const present = readPackages('node_modules/.package-lock.json')
  if (wanted === undefined)
    fail('package-lock.json is missing or damaged. Restore it: git checkout package-lock.json')
  if (present === undefined || !existsSync(join(ROOT, 'node_modules/.bin/node'))) return false
  const isSame = ([path, each]) => present[path]?.version === each.version
  const mayBeAbsent = ([, each]) => each.optional || each.devOptional || each.peer
  return (
    Object.entries(wanted).every(
      (entry) => entry[0] === '' || isSame(entry) || (mayBeAbsent(entry) && !present[entry[0]]),
    ) && Object.keys(present).every((path) => path in wanted)
  )
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

function install() {
  const startedAt = Date.now()
  say('Installing the dependencies with npm ci (once, about a minute) …')
  // On Windows npm is a script, which needs a shell.
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (error !== undefined) fail(`npm could not be started: ${error.message}`)
  if (status !== 0) {
    fail(
      'npm ci failed; see its output above. The first install needs the npm registry. Check the network, or the\n' +
        'proxy and registry settings (npm config list). Then run the same command again.',
    )
  }
  say(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`)
}

function say(line) {
  console.log(line)
}

function fail(reason) {
  console.error(`\n${reason}`)
  process.exit(1)
}
