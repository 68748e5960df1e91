/** A PostgreSQL of the bench's own: a new cluster with `fsync` on, reached by a socket in a temporary folder. */
import { execFileSync } from 'node:child_process'
import { accessSync, chownSync, constants, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Client } from 'pg'
import { ROOT } from '../../scripts/wrangler.ts'
import { spawn } from '../runtime.ts'

const START_MS = 15_000
const POLL_MS = 100
/** Durable as by default; only the memory is larger, and checkpoints are rarer than a round. */
const SETTINGS = {
  listen_addresses: '',
  fsync: 'on',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  max_connections: '60',
}
/** PostgreSQL refuses to run as root. These users have nothing that the bench could harm. */
const USERS = ['postgres', 'nobody']

export interface Postgres {
  socketFolder: string
  version: string
  /** The server's process id. */
  pid: number
}

/** Throws if there is no PostgreSQL here that this user may start; the message says why. */
export async function startPostgres(folder: string, databases: string[]): Promise<Postgres> {
  const initdb = findProgram('initdb')
  const postgres = findProgram('postgres')
  const user = process.getuid?.() === 0 ? otherUser() : null
  const as = (command: string, args: string[]): [string, string[]] =>
    user === null
      ? [command, args]
      : [
          'setpriv',
          [
            `--reuid=${user.uid}`,
            `--regid=${user.gid}`,
            '--clear-groups',
            '--no-new-privs',
            command,
            ...args,
          ],
        ]
  // A socket's path has at most about 100 characters, so it is not in the project's folder.
  const socketFolder = mkdtempSync(join(tmpdir(), 'tombola-pg-'))
  const home = user !== null && !isReachable(folder) ? socketFolder : folder
  const data = join(home, 'postgres')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (user !== null) for (const each of [socketFolder, data]) chownSync(each, user.uid, user.gid)
  // The last thing to go, as the server writes to it until it ends.
  process.once('exit', () => rmSync(socketFolder, { recursive: true, force: true }))
  const initArgs = ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C']
  execFileSync(...as(initdb, initArgs), { stdio: 'pipe', cwd: '/' })
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const lines: string[] = []
  const group = spawn(...as(postgres, ['-D', data, '-k', socketFolder, ...settings]), {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
    onLine: (line) => lines.push(line),
  })
  let ended = false
  void group.ended.then(() => {
    ended = true
  })
  const client = await connect(socketFolder, () => {
    if (ended) throw new Error(`PostgreSQL ended by itself:\n${lines.slice(-10).join('\n')}`)
  })
  for (const name of databases) await client.query(`CREATE DATABASE ${name}`)
  const { rows } = await client.query<{ version: string; pid: string }>(
    "SELECT current_setting('server_version') AS version, split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid",
  )
  await client.end()
  return { socketFolder, version: rows[0]!.version.split(' ')[0]!, pid: Number(rows[0]!.pid) }
}

/** The path of one of PostgreSQL's programs: on PATH, or where `pg_config` says. */
function findProgram(name: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (found !== undefined) return found
  const inBindir = join(outputOf('pg_config', ['--bindir']) ?? '', name)
  if (!isExecutable(inBindir)) throw new Error(`${name} is not installed`)
  return inBindir
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function outputOf(command: string, args: string[]): string | null {
  try {
    return execFileSync(command, args, { stdio: 'pipe' }).toString().trim()
  } catch {
    return null
  }
}

function otherUser(): { uid: number; gid: number } {
  if (outputOf('setpriv', ['--version']) === null)
    throw new Error('root needs setpriv to run it as another user')
  for (const name of USERS) {
    const [uid, gid] = [outputOf('id', ['-u', name]), outputOf('id', ['-g', name])]
    if (uid !== null && gid !== null) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`there is no user ${USERS.join(' or ')} to run it as`)
}

/** Whether other users may pass through all folders above. */
function isReachable(folder: string): boolean {
  const PASS = 0o001
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & PASS) === 0) return false
    if (at === dirname(at)) return true
  }
}

async function connect(host: string, mustRun: () => void): Promise<Client> {
  const start = performance.now()
  for (;;) {
    const client = new Client({ host, user: 'bench', database: 'postgres' })
    try {
      await client.connect()
      return client
    } catch (error) {
      mustRun()
      if (performance.now() - start > START_MS) throw error
      await new Promise((resume) => setTimeout(resume, POLL_MS))
    }
  }
}
