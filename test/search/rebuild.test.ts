// The index is a copy. It can be made anew while it is searched and written, and it notices when it does not fit any more.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { documentsOf } from '../../src/search/documents.ts'
import { readLag } from '../../src/search/lag.ts'
import { runTogether } from '../../src/search/search-database.ts'
import { madeAt, readMadeAfter } from '../../src/search/sources.ts'
import { statementsToList } from '../../src/search/write-documents.ts'
import { stageEvent } from '../events/event-stage.ts'
import { type Organisation, organisationWithOperator, testContext } from '../harness/people.ts'
import { NOW, sweep, useClock } from '../raffles/scenario.ts'
import { store, type Thing, thingId } from './corpus.ts'
import { ask, findAll, idsOf, inStep } from './searching.ts'

useClock()

const progress = () =>
  env.SEARCH.prepare('SELECT * FROM progress').first<{ pass: number; clock: number; walk: string | null }>()
const count = (table: string) =>
  env.SEARCH.prepare(`SELECT count(*) AS count FROM ${table}`).first<number>('count')
/** The command of the operating notes. */
const rebuild = () => env.SEARCH.prepare('UPDATE progress SET clock = NULL').run()

let made = 0
const product = (title: string): Thing => ({
  id: thingId('product'),
  type: 'product',
  title,
  description: '',
  tags: [],
  city: null,
  point: null,
  startsAt: null,
  price: 1 + (made++ % 9),
})
const shelve = async (titles: string[], organisation: Organisation): Promise<Thing[]> => {
  const things = titles.map(product)
  await store(things, organisation.id, NOW)
  return things
}

it('is rebuilt by one command, and what it had stays findable all the while', async () => {
  const organisation = await organisationWithOperator()
  const things = await shelve(
    Array.from({ length: 230 }, () => 'Ladder'),
    organisation,
  )
  const ids = things.map(({ id }) => id).sort()
  await inStep()
  const { pass } = (await progress())!
  await rebuild()
  let isDone = false
  const following = inStep().then(() => {
    isDone = true
  })
  const others: Thing[] = []
  for (let round = 0; !isDone; round++) {
    others.push(...(await shelve([`Ladder new ${round}`], organisation)))
    const found = await findAllNow({ q: 'ladder', limit: 100 })
    expect(found.filter((id) => ids.includes(id)).sort()).toEqual(ids)
  }
  await following
  await inStep()
  expect(await progress()).toMatchObject({ pass: pass + 1, walk: null })
  expect((await findAllNow({ q: 'ladder', limit: 100 })).sort()).toEqual(
    [...ids, ...others.map(({ id }) => id)].sort(),
  )
})

/** Without bringing it into step. */
async function findAllNow(asked: Record<string, string | number>): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await ask(cursor === '' ? asked : { ...asked, cursor })
    ids.push(...idsOf(body))
    cursor = body.nextCursor
  }
  return ids
}

it('forgets what is not there any more, and its words', async () => {
  const organisation = await organisationWithOperator()
  const [thing] = await shelve(['Zanzibarella'], organisation)
  await inStep()
  await env.DB.batch([
    env.DB.prepare('DELETE FROM products WHERE id = ?').bind(thing!.id),
    env.DB.prepare(
      'DELETE FROM search_changes WHERE item_id = ? AND seq < (SELECT max(seq) FROM search_changes)',
    ).bind(thing!.id),
  ])
  await rebuild()
  await inStep()
  expect(await findAll({ q: 'zanzibarella' })).toEqual([])
  expect((await ask({ q: 'zanzibarela' })).body.didYouMean).toBeNull()
  const left = await env.SEARCH.prepare('SELECT count(*) AS count FROM vocabulary WHERE word = ?')
    .bind('zanzibarella')
    .first('count')
  expect(left).toBe(0)
  expect(await count('texts')).toBe(
    await env.SEARCH.prepare('SELECT count(*) AS count FROM documents WHERE is_listed = 1').first('count'),
  )
})

it('fills itself when it is new, in the sweep', async () => {
  const { id } = await stageEvent({ title: 'Unforgettable' })
  await inStep()
  await env.SEARCH.batch(
    [
      'DELETE FROM texts',
      'DELETE FROM documents',
      'DELETE FROM vocabulary',
      'UPDATE progress SET pass = 0, clock = NULL, walk = NULL',
    ].map((sql) => env.SEARCH.prepare(sql)),
  )
  await sweep()
  expect(await findAllNow({ q: 'unforgettable' })).toEqual([id])
})

it.each([
  ['the database was restored', 'UPDATE progress SET clock = clock + 1000'],
  ['the index was restored, and changes since are gone', 'UPDATE progress SET clock = 0'],
])('is rebuilt by itself if %s', async (_what, statement) => {
  const { id } = await stageEvent({ title: 'Restoration' })
  await inStep()
  const { pass } = (await progress())!
  await env.DB.prepare('DELETE FROM search_changes WHERE seq < (SELECT max(seq) FROM search_changes)').run()
  await env.SEARCH.batch([env.SEARCH.prepare('DELETE FROM texts'), env.SEARCH.prepare(statement)])
  await inStep()
  expect(await progress()).toMatchObject({ pass: pass + 1, walk: null })
  expect(await findAllNow({ q: 'restoration', limit: 100 })).toContain(id)
})

it('refuses a writer that read earlier', async () => {
  const organisation = await organisationWithOperator()
  const [thing] = await shelve(['Early bird'], organisation)
  await inStep()
  const row = await env.SEARCH.prepare('SELECT * FROM documents WHERE id = ?')
    .bind(thing!.id)
    .first<{ pass: number; version: number }>()
  await env.DB.prepare("UPDATE products SET status = 'archived' WHERE id = ?").bind(thing!.id).run()
  await inStep()
  const before = madeAt(thing!.id).slice(0, -1)
  const sources = await readMadeAfter(testContext(), before)
  const late = documentsOf({
    ...sources,
    products: sources.products.map((each) => ({ ...each, status: 'active' as const })),
  })
  const document = late.find(({ id }) => id === thing!.id)!
  await runTogether(testContext(), statementsToList(document, row!))
  expect(await findAllNow({ q: 'early bird' })).toEqual([])
})

it('says how far it is behind', async () => {
  await inStep()
  expect(await readLag(testContext(NOW))).toEqual({ lagMs: 0, isRebuilding: false })
  const organisation = await organisationWithOperator()
  await shelve(['Slow'], organisation)
  const { at } = (await env.DB.prepare('SELECT at FROM search_changes ORDER BY seq DESC LIMIT 1').first<{
    at: number
  }>())!
  expect((await readLag(testContext(at + 7_000))).lagMs).toBe(7_000)
  await inStep()
  expect((await readLag(testContext(at + 7_000))).lagMs).toBe(0)
})
