import { expect, it } from 'vitest'
import { enter, stageRaffle, useClock, drawOnTime, read, winnersOf, at, NOW, iso, stageDraft, as } from './scenario.ts'
useClock()
it('smoke', async () => {
  const t=performance.now()
  const r = await stageRaffle()
  console.log('stage', performance.now()-t)
  await enter(r.id, 3)
  console.log('enter', performance.now()-t)
  await drawOnTime(r)
  console.log('draw', performance.now()-t)
  console.log(await read(r.id), await winnersOf(r.id))
})
it('far future', async () => {
  const d = await stageDraft({ closesAt: '9999-12-31T23:59:59.5Z', drawAt: '9999-12-31T23:59:59-12:00' }).catch(e => console.log('create', String(e)))
  const r = await stageRaffle({ closesAt: '2300-01-01T00:00:00Z', drawAt: '2300-12-31T00:00:00Z' })
  const { runInDurableObject } = await import('cloudflare:test')
  const { env } = await import('cloudflare:workers')
  let n = 0
  await runInDurableObject(env.TICKET_POOL.getByName(r.pool) as any, async (o: any, s) => { console.log('alarm', await s.storage.getAlarm(), Date.parse('2300-01-01T00:00:00Z')); const f = o.advance.bind(o); o.advance = () => { n++; return f() } })
  const {ringAlarm} = await import('./scenario.ts'); await ringAlarm(r.pool); await runInDurableObject(env.TICKET_POOL.getByName(r.pool) as any, async (o: any, s) => { console.log('alarm', await s.storage.getAlarm())});  await new Promise(r => setTimeout(r, 500))
  console.log('alarms rung', n)
})
it('nul', async () => {
  const d = await stageDraft({ title: 'a\u0000b' }).catch(e => console.log(String(e)))
  if (d) console.log(JSON.stringify((await as(d.operator, 'GET', `/raffles/${d.id}`)).body.title))
  if (d) console.log(JSON.stringify((await as(d.operator, 'POST', `/raffles/${d.id}/publish`)).body.title))
})
