/** Starts the peers: each a Fastify server in a process of its own. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DEVELOPMENT_SECRETS } from '../../src/core/settings.ts'
import { startProcess } from '../runtime.ts'
import type { CpuClock } from '../turns.ts'
import { familyCpuSeconds } from '../usage.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import type { PeerOptions } from './server.ts'

export interface Peer {
  title: string
  url: string
  server: CpuClock
}

export type PeerName = 'durable' | 'relaxed' | 'full' | 'normal'

export interface Peers {
  /** Without PostgreSQL only those with SQLite. */
  peers: Partial<Record<PeerName, Peer>>
  /** Why there is no PostgreSQL; null: there is one. */
  skipped: string | null
}

export async function startPeers(folder: string): Promise<Peers> {
  mkdirSync(folder, { recursive: true })
  const postgres = await startPostgres(folder, ['durable', 'relaxed']).catch((error: unknown) =>
    error instanceof Error ? error.message.split('\n')[0]! : String(error),
  )
  const secret = DEVELOPMENT_SECRETS.JWT_SECRET
  const peers: Peers['peers'] = {}
  if (typeof postgres !== 'string') {
    const { socketFolder, version } = postgres
    const title = (setting: string) => `Fastify, PostgreSQL ${version}, synchronous_commit ${setting}`
    const start = (database: 'durable' | 'relaxed', synchronousCommit: boolean) =>
      startPeer(
        title(synchronousCommit ? 'on' : 'off'),
        { kind: 'postgres', secret, socketFolder, database, synchronousCommit },
        postgres,
      )
    peers.durable = await start('durable', true)
    peers.relaxed = await start('relaxed', false)
  }
  for (const synchronous of ['FULL', 'NORMAL'] as const) {
    const name = synchronous === 'FULL' ? 'full' : 'normal'
    const file = join(folder, `${name}.sqlite`)
    peers[name] = await startPeer(`Fastify, node:sqlite, synchronous ${synchronous}`, {
      kind: 'sqlite',
      secret,
      file,
      synchronous,
    })
  }
  return { peers, skipped: typeof postgres === 'string' ? postgres : null }
}

async function startPeer(title: string, options: PeerOptions, postgres?: Postgres): Promise<Peer> {
  const { ready } = await startProcess('{"url"', join(import.meta.dirname, 'server.ts'), options)
  const { url, pid } = JSON.parse(ready) as { url: string; pid: number }
  const server = {
    get cpuSeconds() {
      const own = familyCpuSeconds(pid)
      const database = postgres === undefined ? 0 : familyCpuSeconds(postgres.pid)
      return own === null || database === null ? null : own + database
    },
  }
  return { title, url, server }
}
