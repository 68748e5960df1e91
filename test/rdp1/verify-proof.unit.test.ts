// A genuine proof holds, and any change to a proof, list, log or receipt is caught. Then the same through the CLI.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { nativeCrypto } from '../../src/core/native-crypto.ts'
import { type Check, isProven, TIME_CHECK } from '../../src/rdp1/checks.ts'
import { unitResults } from '../../src/rdp1/proof.ts'
import { type ProofInput, verifyProof } from '../../src/rdp1/verify-proof.ts'
import { changed, otherValues, places, valueAt } from './alterations.ts'
import { keys, type Published, publish, receiptOf, type Scenario } from './proof-fixture.ts'

// Thousands of variants below share a few beacon signatures, so the real check runs once for each signature.
vi.mock('../../src/rdp1/beacon.ts', async (importOriginal) => {
  const real = await importOriginal<typeof import('../../src/rdp1/beacon.ts')>()
  const known = new Map<string, boolean>()
  const verifyBeacon: typeof real.verifyBeacon = (chain, round, signature) => {
    const key = `${chain.name} ${round} ${signature.join()}`
    const verdict = known.get(key) ?? real.verifyBeacon(chain, round, signature)
    known.set(key, verdict)
    return verdict
  }
  return { ...real, verifyBeacon }
})

/** For tests that take seconds on an idle machine. */
const BOUND_MS = 60_000

const redrawn: Scenario = {
  redraws: [
    { units: ['1#1', '2#2'], reason: 'unclaimed' },
    { units: ['2#2'], reason: 'declined' },
  ],
}
const perTicket: Scenario = {
  rules: { winPolicy: 'perTicket' },
  redraws: [
    { units: ['2#1'], reason: 'disqualified: staff', disqualify: true },
    { units: ['1#1', '2#1'], reason: 'unclaimed' },
  ],
}

function input(published: Published, changes: Partial<ProofInput> = {}): ProofInput {
  const { proof, listCsv, logCsv } = published
  return { proof, listCsv, logCsv, keys, receipt: null, allowDev: true, ...changes }
}

const verified = (published: Published, changes?: Partial<ProofInput>) =>
  verifyProof(input(published, changes), nativeCrypto)

/** One key instead of two halves the time of the thousands of variants. */
const oneKey = { keys: keys.keys.slice(1) }

const CANCELLED: Scenario = { pending: true, cancelled: { at: 1_760_000_400_000, reason: 'The hall burnt.' } }

const notHolding = (checks: Check[]) => checks.filter(({ result }) => result !== 'holds')
const failing = (checks: Check[]) => checks.filter(({ result }) => result === 'fails')
const textOf = (checks: Check[]) => checks.map(({ says }) => says).join('\n')

describe('a genuine proof', () => {
  it.each<[string, Scenario]>([
    ['drawn once', {}],
    ['with redraws, one win per holder', redrawn],
    ['with redraws, a holder disqualified', perTicket],
    ['with its draw pending', { pending: true }],
    ['with a redraw pending', { ...redrawn, pending: true }],
    ['committed late', { committedAt: 1_760_000_900_500 }],
    ['closed early by the operator', { closeReason: 'operator', effectiveDrawAt: 1_760_000_400 }],
    [
      'sold out early',
      {
        rules: { totalTickets: 20, earlyClose: 'soldOut' },
        closeReason: 'soldOut',
        effectiveDrawAt: 1_760_000_400,
      },
    ],
    ['cancelled in time', CANCELLED],
  ])('%s holds, except that its time stays open', (_, scenario) => {
    const checks = verified(publish(scenario))
    expect(notHolding(checks).map(({ name, result }) => [name, result])).toEqual([[TIME_CHECK, 'notChecked']])
    expect(textOf(checks)).toContain(
      'The time of the commitment is not proven here; compare it with the one that holders received.',
    )
    expect(isProven(checks)).toBe(true)
  })

  it('gets the same findings in script and by the platform, whether it holds or not', () => {
    const published = publish(redrawn)
    const receipt = receiptOf(published)
    const signature = '00'.repeat(64)
    const altered = { ...published, proof: { ...published.proof, commitmentSignature: signature } }
    for (const each of [published, altered]) {
      expect(verifyProof(input(each, { receipt }))).toEqual(verified(each, { receipt }))
    }
  })

  it('takes each unit’s result from its last drawn attempt', () => {
    const { proof } = publish(redrawn)
    const results = unitResults(proof)
    expect(results.map(({ unit, attempt }) => [unit, attempt])).toEqual([
      ['1#1', 1],
      ['2#1', 0],
      ['2#2', 2],
    ])
    expect(new Set(results.map(({ ticket }) => ticket)).size).toBe(3)
  })
})

describe('a changed proof', () => {
  it.each<[string, Scenario]>([
    ['with redraws, one win per holder', redrawn],
    ['with redraws, a holder disqualified', perTicket],
    ['with a redraw pending', { redraws: [{ units: ['2#1'], reason: 'declined' }], pending: true }],
    ['cancelled', CANCELLED],
  ])(
    '%s is caught, whichever single value changed',
    (_, scenario) => {
      const published = publish(scenario)
      const attempts = published.proof.attempts.length
      let tried = 0
      for (const path of places(published.proof)) {
        for (const value of otherValues(valueAt(published.proof, path))) {
          // An earlier state of the same proof is genuine too: without its last attempt, or without its cancellation.
          // A reader with the later state has its signatures as evidence.
          const isEarlierState =
            (path.join() === 'attempts' &&
              Array.isArray(value) &&
              value.length === attempts - 1 &&
              attempts > 1 &&
              value[0] === published.proof.attempts[0]) ||
            (path.join() === 'cancellation' && value === null)
          if (isEarlierState) continue
          const checks = verified(published, { keys: oneKey, proof: changed(published.proof, path, value) })
          if (failing(checks).length === 0) {
            expect.fail(`${path.join('.')} = ${JSON.stringify(value)} went unnoticed`)
          }
          tried++
        }
      }
      expect(tried).toBeGreaterThan(200)
    },
    60_000,
  )

  it('is caught if any key is missing or one is added', () => {
    const published = publish(redrawn)
    for (const key of Object.keys(published.proof)) {
      const { [key as 'round']: _, ...rest } = published.proof
      expect(failing(verified(published, { proof: rest }))).not.toEqual([])
    }
    expect(failing(verified(published, { proof: { ...published.proof, note: '' } }))).not.toEqual([])
  })

  it.each([null, [], 'proof', 7, {}])('is refused without a crash if it is just %j', (proof) => {
    const checks = verified(publish(), { proof })
    expect(isProven(checks)).toBe(false)
    expect(checks.at(-1)?.name).toBe(TIME_CHECK)
  })

  it('is refused on the dev chain unless that is allowed', () => {
    const checks = verified(publish(), { allowDev: false })
    expect(failing(checks).map(({ name }) => name)).toEqual(['chain'])
    expect(textOf(checks)).toContain('proves nothing')
  })

  it('is refused on a chain that is not built in', () => {
    const published = publish()
    const foreign = 'ab'.repeat(32)
    const { rules } = published.proof
    const proof = {
      ...published.proof,
      chain: foreign,
      rules: rules.replace(published.proof.chain, foreign),
    }
    expect(textOf(failing(verified(published, { proof })))).toContain('not built into this verifier')
  })
})

describe('a server that signs what the rules forbid', () => {
  it.each<[string, Scenario, string]>([
    ['an early close', { rules: { earlyClose: 'no' }, closeReason: 'operator' }, 'draw time'],
    [
      'an early close by its operator',
      { rules: { earlyClose: 'soldOut' }, closeReason: 'operator' },
      'draw time',
    ],
    [
      'a close as sold out that the rules do not allow',
      { closeReason: 'soldOut', rules: { totalTickets: 20 } },
      'draw time',
    ],
    [
      'a close as sold out with tickets left',
      { closeReason: 'soldOut', rules: { earlyClose: 'soldOut' } },
      'number of tickets',
    ],
    ['another draw time', { effectiveDrawAt: 1_760_000_601 }, 'draw time'],
    [
      'a later draw after an early close',
      { closeReason: 'operator', effectiveDrawAt: 1_760_000_601 },
      'draw time',
    ],
    ['more tickets than the rules allow', { rules: { totalTickets: 15 } }, 'number of tickets'],
    ['too many redraws', { ...redrawn, rules: { maxRedraws: 1 } }, 'redraw 2'],
    ['a redraw of an unknown prize', { redraws: [{ units: ['3#1'], reason: 'x' }] }, 'redraw 1'],
    ['a redraw that names a prize twice', { redraws: [{ units: ['1#1', '1#1'], reason: 'x' }] }, 'redraw 1'],
    ['a redraw without a prize', { redraws: [{ units: [], reason: 'x' }] }, 'redraw 1'],
    [
      'a cancellation once the round is near',
      { cancelled: { at: 1_760_000_540_001, reason: 'x' } },
      'cancellation',
    ],
    [
      'a cancellation before the commitment',
      { cancelled: { at: 1_760_000_300_122, reason: 'x' } },
      'cancellation',
    ],
  ])('is caught with %s', (_, scenario, name) => {
    expect(failing(verified(publish(scenario))).map((check) => check.name)).toEqual([name])
  })
})

describe('a changed list or log', () => {
  // The draw is pending, so changes are caught before anything is drawn.
  const published = publish({ pending: true })

  it.each(['listCsv', 'logCsv'] as const)(
    'is caught in the %s, whichever byte it is',
    (file) => {
      const text = published[file]
      for (let at = 0; at < text.length; at += 2) {
        // Flips one bit of every second byte, a different bit each time; bit 7 would leave ASCII.
        const flipped =
          text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 7))) + text.slice(at + 1)
        const checks = verified({ ...published, [file]: flipped }, { keys: null })
        if (failing(checks).length === 0) expect.fail(`byte ${at} of ${file} went unnoticed`)
      }
    },
    BOUND_MS,
  )

  it.each(['listCsv', 'logCsv'] as const)(
    'is caught in the %s with a row removed, repeated or moved',
    (file) => {
      const [header, ...rows] = published[file].trimEnd().split('\n') as [string, ...string[]]
      const withRows = (next: string[]) => `${[header, ...next].join('\n')}\n`
      const variants = [
        rows.slice(1),
        rows.slice(0, -1),
        [...rows, rows.at(-1) as string],
        [rows[1] as string, rows[0] as string, ...rows.slice(2)],
        [],
      ]
      for (const variant of variants) {
        expect(failing(verified({ ...published, [file]: withRows(variant) }))).not.toEqual([])
      }
      expect(failing(verified({ ...published, [file]: published[file].trimEnd() }))).not.toEqual([])
      expect(failing(verified({ ...published, [file]: '' }))).not.toEqual([])
    },
  )
})

describe('what transport does to a list or a log', () => {
  const published = publish({ pending: true })
  const windows = (text: string) => text.replaceAll('\n', '\r\n')

  it.each<[string, (text: string) => string]>([
    ['CRLF', windows],
    ['a byte-order mark', (text) => `\ufeff${text}`],
    ['both', (text) => `\ufeff${windows(text)}`],
  ])('is no fault of the organiser: %s', (_, carried) => {
    const { listCsv, logCsv } = published
    const checks = verified({ ...published, listCsv: carried(listCsv), logCsv: carried(logCsv) })
    expect(checks).toEqual(verified(published))
    expect(failing(checks)).toEqual([])
  })

  it.each<[string, (text: string) => string, string]>([
    ['a line break lost at the end', (text) => text.trimEnd(), 'the line break at its end is missing'],
    ['a carriage return within a row', (text) => text.replace(',', '\r,'), 'row 1: the header is not'],
    ['a second byte-order mark', (text) => `\ufeff\ufeff${text}`, 'row 1: the header is not'],
  ])('is named if it is more: %s', (_, carried, says) => {
    expect(textOf(failing(verified({ ...published, listCsv: carried(published.listCsv) })))).toContain(says)
  })
})

describe('the signatures', () => {
  it('are not checked without a key, and then nothing is proven', () => {
    const checks = verified(publish(redrawn), { keys: null })
    expect(failing(checks)).toEqual([])
    expect(notHolding(checks).map(({ name }) => name)).toEqual([
      'commitment signature',
      'draw signature',
      'redraw 1 signature',
      'redraw 2 signature',
      TIME_CHECK,
    ])
    expect(isProven(checks)).toBe(false)
  })

  it('fail with another deployment’s key or an invalid key file', () => {
    const others = { keys: [{ ...keys.keys[0], publicKey: '33'.repeat(32) }] }
    expect(failing(verified(publish(), { keys: others })).map(({ name }) => name)).toEqual([
      'commitment signature',
      'draw signature',
    ])
    expect(failing(verified(publish(), { keys: { keys: [{ publicKey: 'x' }] } }))).not.toEqual([])
  })
})

describe('a receipt', () => {
  const published = publish(redrawn)
  const receipt = receiptOf(published)

  it('dates the commitment if it is genuine, so nothing stays open', () => {
    const checks = verified(published, { receipt })
    expect(notHolding(checks)).toEqual([])
    expect(textOf(checks)).toContain("The holder's copy is dated")
  })

  it('from before the freeze leaves the time open', () => {
    const checks = verified(published, { receipt: { ...receipt, commitment: null } })
    expect(notHolding(checks).map(({ name }) => name)).toEqual([TIME_CHECK])
    expect(isProven(checks)).toBe(true)
  })

  it('without its salt agrees with the log, but proves nothing more', () => {
    const checks = verified(published, { receipt: { ...receipt, salt: null } })
    expect(failing(checks)).toEqual([])
    expect(isProven(checks)).toBe(false)
  })

  it('is caught with any value changed, except its reservation’s id, which is not signed', () => {
    const pending = publish({ pending: true })
    const genuine = receiptOf(pending)
    expect(isProven(verified(pending, { keys: oneKey, receipt: genuine }))).toBe(true)
    for (const path of places(genuine)) {
      for (const value of otherValues(valueAt(genuine, path))) {
        const isUnsigned = path[0] === 'reservationId' && typeof value === 'string'
        // A genuine receipt may have fewer tickets, a ticket twice, no commitment yet, or no salt.
        const saysLess = (path.join() === 'tickets' && Array.isArray(value)) || path.join() === 'commitment'
        const erased = path.join() === 'salt' && value === null
        if (isUnsigned || saysLess || erased) continue
        const checks = verified(pending, { keys: oneKey, receipt: changed(genuine, path, value) })
        if (isProven(checks)) expect.fail(`${path.join('.')} = ${JSON.stringify(value)} went unnoticed`)
      }
    }
  })

  it('proves fraud if the deployment signed another commitment of the same raffle', () => {
    const other = publish({ ...redrawn, committedAt: 1_760_000_300_124 })
    const checks = verified(other, { receipt })
    expect(textOf(failing(checks))).toContain('Fraud: the deployment signed two commitments of one raffle.')
  })

  it('proves fraud if the log issues its ticket to another holder, or not at all', () => {
    const rows = published.logCsv.split('\n')
    const mine = rows[2] as string
    const stolen = rows.with(2, mine.replace(/[0-9a-f]{64}/, 'ee'.repeat(32))).join('\n')
    expect(textOf(failing(verified({ ...published, logCsv: stolen }, { receipt })))).toContain(
      'Fraud: the sale log gives ticket',
    )
    const dropped = rows.toSpliced(2, 1).join('\n')
    expect(textOf(failing(verified({ ...published, logCsv: dropped }, { receipt })))).toContain(
      'Fraud: the sale log has no entry',
    )
  })

  it('that the deployment did not sign is no proof of fraud', () => {
    const forged = changed(receipt, ['tickets', 0, 'number'], 99)
    const checks = verified(published, { receipt: forged })
    expect(failing(checks)).not.toEqual([])
    expect(textOf(checks)).not.toContain('Fraud')
  })

  it('of another raffle is refused', () => {
    const other = publish({ rules: { id: 'raffle_other' } })
    expect(failing(verified(other, { receipt })).map(({ name }) => name)).toEqual(['receipt raffle'])
  })
})

const SCRIPT = join(import.meta.dirname, '../../scripts/verify.ts')

/** Runs the command as a user does, in a folder with a proof and its files. */
async function run(cwd: string, ...args: string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('npm run verify', () => {
  const published = publish(redrawn)
  const files = ['list.csv', 'log.csv']
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rdp1-'))
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
    write('proof.json', JSON.stringify(published.proof))
    write('bad.json', JSON.stringify({ ...published.proof, round: published.proof.round + 1 }))
    write('cancelled.json', JSON.stringify(publish(CANCELLED).proof))
    write('list.csv', published.listCsv)
    write('log.csv', published.logCsv)
    write('keys.json', JSON.stringify(keys))
    write('receipt.json', JSON.stringify(receiptOf(published)))
    const asByWindows = (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`
    write('windows-list.csv', asByWindows(published.listCsv))
    write('windows-proof.json', asByWindows(JSON.stringify(published.proof, null, 2)))
    write('windows-keys.json', asByWindows(JSON.stringify(keys)))
    writeFileSync(join(folder, 'redirected-log.csv'), asByWindows(published.logCsv), 'utf16le')
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it(
    'exits 0 and shows the winners if everything holds',
    async () => {
      const options = ['--dev', '--key', 'keys.json', '--receipt', 'receipt.json']
      const { status, stdout } = await run(folder, ...options, 'proof.json', ...files)
      expect(status).toBe(0)
      expect(stdout).toContain('Verified:')
      expect(stdout).not.toContain('✗')
      for (const { unit, ticket } of unitResults(published.proof)) {
        expect(stdout).toMatch(new RegExp(`${unit}\\s+A (bicycle|share): ticket ${ticket}\\b`))
      }
    },
    BOUND_MS,
  )

  it(
    'verifies files that Windows saved, in UTF-16 too',
    async () => {
      const saved = ['windows-proof.json', 'windows-list.csv', 'redirected-log.csv']
      const { status, stdout } = await run(folder, '--dev', '--key', 'windows-keys.json', ...saved)
      expect(stdout).not.toContain('✗')
      expect(status).toBe(0)
    },
    BOUND_MS,
  )

  it(
    'exits 1 if a check fails or a signature could not be checked',
    async () => {
      const [bad, unsigned, csv] = await Promise.all([
        run(folder, '--dev', '--key', 'keys.json', 'bad.json', ...files),
        run(folder, '--dev', 'proof.json', ...files),
        run(folder, 'list.csv', ...files),
      ])
      expect(bad).toMatchObject({ status: 1, stdout: expect.stringContaining('✗') })
      expect(unsigned).toMatchObject({ status: 1, stdout: expect.stringContaining('Not fully checked') })
      expect(csv).toMatchObject({ status: 1, stderr: 'list.csv is not JSON.\n' })
    },
    BOUND_MS,
  )

  it(
    'reports that a cancelled raffle has no draw',
    async () => {
      const { status, stdout } = await run(folder, '--dev', '--key', 'keys.json', 'cancelled.json', ...files)
      expect(status).toBe(0)
      expect(stdout).toContain('The draw is not held: the raffle was cancelled.')
      expect(stdout).toContain('\nThe raffle was cancelled.\n')
      expect(stdout).not.toMatch(/pending|yet/)
    },
    BOUND_MS,
  )

  it(
    'exits 2 if its arguments are wrong',
    async () => {
      const [nothing, unknown, alone, nowhere] = await Promise.all([
        run(folder),
        run(folder, '--what', 'proof.json', ...files),
        run(folder, 'proof.json'),
        run(folder, 'nowhere.json', ...files),
      ])
      expect(nothing).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage:') })
      expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('--what') })
      expect(alone).toMatchObject({ status: 2, stderr: expect.stringContaining('needs its list') })
      expect(alone.stderr).toContain('<proof> <list> <log>')
      expect(nowhere).toMatchObject({ status: 2, stderr: 'There is no file nowhere.json.\n' })
    },
    BOUND_MS,
  )

  it(
    'fetches list, log and keys for a URL, and reports a URL without a proof',
    async () => {
      const proofPath = '/api/v1/raffles/raffle_test/proof'
      const answers: Record<string, string> = {
        [proofPath]: JSON.stringify(published.proof),
        [`${proofPath}/list.csv`]: published.listCsv,
        [`${proofPath}/log.csv`]: published.logCsv,
        '/.well-known/tombola.json': JSON.stringify(keys),
      }
      const server = createServer((request, response) => {
        const body = answers[request.url ?? '']
        response.writeHead(body === undefined ? 404 : 200).end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const [good, missing] = await Promise.all([
        run(folder, '--dev', origin + proofPath),
        run(folder, '--dev', `${origin}/api/v1/raffles/raffle_none/proof`),
      ]).finally(() => server.close())
      expect(good).toMatchObject({ status: 0, stdout: expect.stringContaining('Verified:') })
      expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('answered 404') })
      const offline = await run(folder, origin + proofPath)
      expect(offline).toMatchObject({ status: 1, stderr: expect.stringContaining('Cannot reach') })
    },
    BOUND_MS,
  )
})
