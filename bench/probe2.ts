import { mkdtempSync, writeFileSync } from 'node:fs'
import { build, startRuntime, stopAll } from './runtime.ts'
import { organiserRows, signIn, publishRaffle, purchaseDoor } from './raffle.ts'
import { pressure } from './load.ts'
const dir = mkdtempSync('/tmp/bench-')
const real = await build('src/index.ts', dir + '/a')
try {
  const rt = await startRuntime({ workers: [{ name: 'tombola', script: real, kind: 'tombola' }], folder: dir + '/data', migrate: true, seed: organiserRows() }, { PROBE_INSPECT: '9333' })
  const people = await signIn()
  const id = await publishRaffle(rt.urls['tombola']!, people, { prizes: 100, winPolicy: 'perTicket' })
  const p = purchaseDoor(rt.urls['tombola']!, people, id)
  const run = async (n: string) => { const c = rt.memory.cpuSeconds!; const r = await pressure(p, { seconds: 4 }); console.log(n, Math.round(r.requestsPerSecond), r.p50Ms.toFixed(1), r.p99Ms.toFixed(1), r.failed, 'cpu/req us', Math.round((rt.memory.cpuSeconds! - c) / r.answered * 1e6)) }
  await run('warm'); await run('warm')
  const list = await (await fetch('http://127.0.0.1:9333/json')).json() as any[]
  const socks = []
  for (const t of list) {
    const ws = new WebSocket(t.webSocketDebuggerUrl); await new Promise((r) => (ws.onopen = r)); 
    let id = 0; const pending = new Map<number, any>()
    ws.onmessage = (m) => { const d = JSON.parse(String(m.data)); pending.get(d.id)?.(d.result) }
    const send = (method: string, params: any = {}) => new Promise<any>((r) => { pending.set(++id, r); ws.send(JSON.stringify({ id, method, params })) })
    socks.push({ t, send })
  }
  for (const { send } of socks) { await send('Profiler.enable'); await send('Profiler.setSamplingInterval', { interval: 200 }); await send('Profiler.start') }
  await run('profiled')
  for (const { t, send } of socks) {
    const { profile } = await send('Profiler.stop')
    const name = t.title ?? t.id
    writeFileSync(`/tmp/b/${encodeURIComponent(name)}.cpuprofile`, JSON.stringify(profile))
    const self = new Map<string, number>(); const byId = new Map<number, any>(profile.nodes.map((n: any) => [n.id, n]))
    let total = 0
    profile.samples.forEach((s: number, i: number) => { const n = byId.get(s); const dt = profile.timeDeltas[i]; const k = `${n.callFrame.functionName || '(anon)'} ${n.callFrame.url.split('/').pop()}:${n.callFrame.lineNumber}`; self.set(k, (self.get(k) ?? 0) + dt); total += dt })
    console.log('\n==', name, (total / 1e6).toFixed(2), 's')
    for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 45)) console.log((v / 1e3).toFixed(0).padStart(7), 'ms', k)
  }
} finally { await stopAll() }
process.exit(0)
