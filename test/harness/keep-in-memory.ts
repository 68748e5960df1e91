/** Keeps the tests' databases in memory where the machine has a memory disk, so that no write waits for a real disk. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
/** More than a run ever stores. The memory disk of a container is often smaller. */
const ENOUGH_BYTES = 1024 ** 3

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize
  } catch {
    return 0
  }
}

/** Miniflare creates its folders in the system's temporary folder and does not delete all of them. */
export default function keepInMemory(): (() => void) | undefined {
  if (freeBytes() < ENOUGH_BYTES) return undefined
  const folder = mkdtempSync(join(MEMORY, 'tombola-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
