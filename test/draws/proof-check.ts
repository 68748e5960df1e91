// Verifies a raffle's published proof as an auditor would: only from public routes.
import { nativeCrypto } from '../../src/core/native-crypto.ts'
import { type Check, isProven } from '../../src/rdp1/checks.ts'
import type { Proof } from '../../src/rdp1/proof.ts'
import { verifyProof } from '../../src/rdp1/verify-proof.ts'
import { call } from '../harness/client.ts'

export interface Verified {
  proof: Proof
  listCsv: string
  logCsv: string
  checks: Check[]
  isProven: boolean
  /** The checks that fail, as text for the message of the assertion. */
  wrong: string[]
}

export async function verifyPublished(
  raffleId: string,
  { receipt = null, allowDev = true }: { receipt?: unknown; allowDev?: boolean } = {},
): Promise<Verified> {
  const path = `/api/v1/raffles/${raffleId}/proof`
  const { body: proof } = await call('GET', path)
  const { body: listCsv } = await call('GET', `${path}/list.csv`)
  const { body: logCsv } = await call('GET', `${path}/log.csv`)
  const { body: keys } = await call('GET', '/.well-known/tombola.json')
  const checks = verifyProof({ proof, listCsv, logCsv, keys, receipt, allowDev }, nativeCrypto)
  const wrong = checks.filter(({ result }) => result === 'fails').map(({ name, says }) => `${name}: ${says}`)
  return { proof, listCsv, logCsv, checks, isProven: isProven(checks), wrong }
}
