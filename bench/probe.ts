import { mkdtempSync, writeFileSync } from 'node:fs'
import { build, startRuntime, stopAll } from './runtime.ts'
import { organiserRows, signIn, publishRaffle, purchaseDoor } from './raffle.ts'
import { pressure } from './load.ts'
const dir = mkdtempSync('/tmp/bench-')
const t0 = performance.now()
writeFileSync(dir+'/peers.json', JSON.stringify({name:'peers',compatibility_date:'2026-10-01'}))
const [real, inst, peers] = await Promise.all([build('src/index.ts', dir + '/a'), build('bench/instruments.ts', dir + '/b'), build('bench/peers.ts', dir + '/c', dir+'/peers.json')])
console.log('built', performance.now() - t0)
try {
  const rt = await startRuntime({ workers: [{ name: 'tombola', script: real, kind: 'tombola' }, { name: 'instruments', script: inst, kind: 'tombola' }, { name: 'peers', script: peers, kind: 'peer' }], folder: dir + '/data', migrate: true, seed: organiserRows() })
  console.log(rt.urls, performance.now() - t0)
  const people = await signIn()
  const id = await publishRaffle(rt.urls['tombola']!, people, { prizes: 100, winPolicy: 'perTicket' })
  const p = purchaseDoor(rt.urls['tombola']!, people, id)
  const o = { ...purchaseDoor(rt.urls['peers']!, people, id) }
  const h = { ...o, url: rt.urls['peers']!, expect: 200, next: () => ({ ...o.next(), path: '/hello' }) }
  for (let i = 0; i < 3; i++) for (const [n, d] of Object.entries({ h, o, p })) {
    const c = rt.memory.cpuSeconds!
    const r = await pressure(d, { seconds: 2 })
    console.log(n, Math.round(r.requestsPerSecond), r.p50Ms.toFixed(1), r.p99Ms.toFixed(1), r.failed, 'cpu/req us', Math.round((rt.memory.cpuSeconds! - c) / r.answered * 1e6))
  }
} finally { await stopAll() }
