/** Lets one Tombola at a time use the local data, by a lock file beside them. Two runtimes could sell a number twice. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

interface Claim {
  pid: number
  port: number
}

/** Claims the data for this process. Returns the claim of another running process, or null on success. */
export function claimData(file: string, port: number): Claim | null {
  mkdirSync(dirname(file), { recursive: true })
  const claim: Claim = { pid: process.pid, port }
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(claim), { flag: 'wx' })
      process.once('exit', () => rmSync(file, { force: true }))
      return null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const other = readClaim(file)
    if (other !== null && isAlive(other.pid)) return other
    // The process that wrote the file was killed.
    rmSync(file, { force: true })
  }
}

function readClaim(file: string): Claim | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process runs under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
