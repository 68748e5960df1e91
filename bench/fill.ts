/**
 * Fills a pool in bulk with the rows and log chunks that `reserve` would have written, in a fraction of the time. Only
 * the tags are no real hashes; to the pool they are just 32 bytes.
 */
import type { Ctx } from '../src/core/context.ts'
import { ISSUED, saleLeafHash } from '../src/rdp1/log.ts'
import { CHUNK_LEAVES, MerkleFrontier } from '../src/rdp1/merkle.ts'
import { runTogether } from '../src/search/search-database.ts'
import { statementsToList } from '../src/search/write-documents.ts'
import { documentAt } from './documents.ts'
import { PLAYER_ID_SQL } from './players.ts'

/** Shares no factor with a total of 1,000,000, so that its multiples reach every number once. */
const STRIDE = 618_033
/** Scatters the tags, like hashes. */
const GOLDEN = 2_654_435_761

const ROWS_A_STATEMENT = 50_000
const TICKETS_A_RESERVATION = 1_000

/** `many`: each ticket has another holder. `three`: one holder has all tickets but two. */
export type Holders = 'many' | 'three'

/** Sells the first `count` tickets of a pool of `total` in which nothing is sold. Restart the object afterwards. */
export function fillPool(sql: SqlStorage, total: number, count: number, holders: Holders): void {
  const at = Date.now()
  const firstSeq = 2
  const log = new MerkleFrontier()
  const append = (index: number, who: number, seq: number) => {
    const chunk = log.append(saleLeafHash(ISSUED, numberAt(index, total), tagOf(who), at))
    if (chunk === undefined) return
    const place = log.size / CHUNK_LEAVES - 1
    sql.exec('INSERT INTO log_chunks (chunk, root, last_seq) VALUES (?, ?, ?)', place, chunk, seq)
  }
  let seq = firstSeq
  if (holders === 'many') {
    for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
      const end = Math.min(count, from + ROWS_A_STATEMENT)
      sql.exec(INSERT_MANY, from, end, total, firstSeq, at)
    }
    for (; seq < firstSeq + count; seq++) append(seq - firstSeq, seq - firstSeq, seq)
  } else {
    for (let index = 0; index < count; seq++) {
      const who = Math.max(0, index - (total - 3))
      const quantity = who > 0 ? 1 : Math.min(TICKETS_A_RESERVATION, total - 2 - index)
      const numbers = Uint32Array.from({ length: quantity }, (_, i) => numberAt(index + i, total))
      sql.exec(INSERT_ONE, seq, who, `fill-${index}`, numbers.buffer, tagOf(who), at, index)
      for (const end = index + quantity; index < end; index++) append(index, who, seq)
    }
  }
  sql.exec('INSERT OR REPLACE INTO projection (id, seq) VALUES (1, ?)', seq - 1)
}

/** The number that is sold at `index`: scattered, each once. */
const numberAt = (index: number, total: number): number => ((index * STRIDE) % total) + 1

/** The same 32 bytes as `TAG_SQL`. */
function tagOf(who: number): Uint8Array<ArrayBuffer> {
  const tag = new Uint8Array(32)
  const view = new DataView(tag.buffer)
  view.setUint32(0, (who * GOLDEN) % 2 ** 32)
  view.setUint32(28, who)
  return tag
}

const TAG_SQL = `unhex(printf('%08x%056x', (i * ${GOLDEN}) & 0xffffffff, i))`

const COLUMNS = '(seq, holder, key, request, numbers, tag, salt, at, held_until, log_index)'

const INSERT_MANY = `
  WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2),
                 sold (i, number) AS (SELECT i, (i * ${STRIDE}) % ?3 + 1 FROM n)
  INSERT INTO reservations ${COLUMNS}
  SELECT ?4 + i, ${PLAYER_ID_SQL}, 'fill-' || i, 'bench-fill-bench-fill-',
         unhex(printf('%02x%02x%02x%02x', number & 255, number >> 8 & 255, number >> 16 & 255, number >> 24)),
         ${TAG_SQL}, zeroblob(16), ?5, NULL, i
  FROM sold`

const INSERT_ONE = `
  WITH one (i) AS (SELECT ?2)
  INSERT INTO reservations ${COLUMNS}
  SELECT ?1, ${PLAYER_ID_SQL}, ?3, 'bench-fill-bench-fill-', ?4, ?5, zeroblob(16), ?6, NULL, ?7 FROM one`

/** Writes the reservations of `many` to D1, as the projection would have. */
export async function fillDatabase(database: D1Database, pool: string, count: number): Promise<void> {
  const insert = database.prepare(`
    WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
    INSERT INTO reservations (holder, id, pool, seq, state, numbers, at, issued_at)
    SELECT ${PLAYER_ID_SQL}, printf('res_01k%023d', i), ?1, i + 2, 'sold', '[' || (i + 1) || ']', 0, 0 FROM n`)
  for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
    await insert.bind(pool, from, Math.min(count, from + ROWS_A_STATEMENT)).run()
  }
}

/** Copies a published raffle and its pool's row in D1 until there are `total` raffles. A copy has no pool of its own. */
export async function copyRaffle(database: D1Database, raffleId: string, total: number): Promise<void> {
  const count = (await database.prepare('SELECT count(*) AS n FROM raffles').first<{ n: number }>())!.n
  const columnsOf = async (table: string) =>
    (
      await database.prepare('SELECT name FROM pragma_table_info(?)').bind(table).all<{ name: string }>()
    ).results.map(({ name }) => name)
  const copy = async (table: string, changes: Record<string, string>, where: string) => {
    const columns = await columnsOf(table)
    return database
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
        INSERT INTO ${table} (${columns.join(', ')})
        SELECT ${columns.map((name) => changes[name] ?? `t.${name}`).join(', ')} FROM n, ${table} t WHERE ${where} = ?1`,
      )
      .bind(raffleId, count, Math.max(total, count + 1))
  }
  const id = "printf('raffle_01k%023d', n.i)"
  const pool = "printf('copy%d', n.i)"
  await database.batch([
    await copy(
      'raffles',
      {
        id,
        pool,
        slug: "printf('copy-%d', n.i)",
        draw_at: 't.draw_at + n.i',
        created_at: 't.created_at + n.i',
      },
      't.id',
    ),
    await copy(
      'pools',
      { pool, raffle_id: id, effective_draw_at: 't.effective_draw_at + n.i' },
      't.raffle_id',
    ),
  ])
}

/** Writes documents into the search index, as its follower does. */
export async function fillSearch(ctx: Ctx, from: number, to: number): Promise<void> {
  const documents = Array.from({ length: to - from }, (_, each) => documentAt(from + each))
  await runTogether(
    ctx,
    documents.flatMap((document) => statementsToList(document, { pass: 1, version: 0 })),
  )
}
