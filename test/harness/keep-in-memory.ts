/** The databases of tests live as long as a run: where the machine has a disk in memory, no write waits for a real one. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
/** More than a run ever keeps; containers often have less. */
const ENOUGH_BYTES = 1024 ** 3

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize
  } catch {
    return 0
  }
}

/** Miniflare makes its folders where the system keeps temporary ones, and leaves some behind. */
export default function keepInMemory(): (() => void) | undefined {
  if (freeBytes() < ENOUGH_BYTES) return undefined
  const folder = mkdtempSync(join(MEMORY, 'tombola-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
