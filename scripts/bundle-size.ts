/** `npm run bundle`: builds the worker as a deploy would, and fails if it is larger or starts more slowly than allowed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { measureStartUp, type StartUp } from './start-up.ts'
import { startWrangler } from './wrangler.ts'

const MAX_KIB = 700
/** In CPU times of an empty worker, so that a slow machine measures the same as a fast one. */
const MAX_START_UP = 2.2

const outdir = mkdtempSync(join(tmpdir(), 'tombola-bundle-'))
try {
  const lines: string[] = []
  const build = startWrangler(['deploy', '--dry-run', '--env', 'production', '--outdir', outdir], (line) =>
    lines.push(line),
  )
  if ((await build.ended) !== 0) {
    console.error(`${lines.join('\n')}\n\nThe worker does not build. See wrangler's output above.`)
    process.exitCode = 1
  } else {
    report(outdir)
    reportStartUp(await measureStartUp(join(outdir, 'index.js')))
  }
} finally {
  rmSync(outdir, { recursive: true, force: true })
}

function report(folder: string): void {
  const modules = readdirSync(folder).filter((file) => !file.endsWith('.map') && file !== 'README.md')
  const raw = modules.map((file) => readFileSync(join(folder, file)))
  const kib = sum(raw.map((each) => gzipSync(each, { level: 9 }).length)) / 1024
  const rawKib = sum(raw.map((each) => each.length)) / 1024
  const size = `Bundle: ${kib.toFixed(1)} KiB gzip of at most ${MAX_KIB} (${rawKib.toFixed(0)} KiB unpacked)`
  if (kib <= MAX_KIB) {
    console.log(`${size}.`)
  } else {
    console.error(`${size}: too large by ${(kib - MAX_KIB).toFixed(1)} KiB.`)
    process.exitCode = 1
  }
}

function reportStartUp(measured: StartUp | null): void {
  if (measured === null) {
    console.log('Start-up: not measured, because this system does not report the CPU time of a process.')
    return
  }
  const { ownMs, emptyMs } = measured
  const times = ownMs / emptyMs
  const text = `Start-up: ${ownMs.toFixed(0)} ms of CPU, ${times.toFixed(2)} times the ${emptyMs.toFixed(0)} ms of an empty worker, of at most ${MAX_START_UP}`
  if (times <= MAX_START_UP) {
    console.log(`${text}.`)
  } else {
    console.error(`${text}: too slow.`)
    process.exitCode = 1
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
