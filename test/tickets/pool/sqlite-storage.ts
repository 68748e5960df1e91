/** A pool's store on Node's own SQLite, so that a test can run the pool without its object. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { dev } from '../../../src/rdp1/chains.ts'
import { canonicalRules, type Rules } from '../../../src/rdp1/rules.ts'
import { OPEN_TO_ALL } from '../../../src/tickets/entry-terms.ts'
import type { Randomness } from '../../../src/tickets/pool/allocator.ts'
import { configure } from '../../../src/tickets/pool/configure.ts'
import { Pool } from '../../../src/tickets/pool/pool.ts'
import { PoolStore } from '../../../src/tickets/pool/store.ts'
import type { Outcome } from '../../../src/tickets/pool-contract.ts'
import { poolNameOf } from '../../../src/tickets/reservation-id.ts'
import type { RaffleTerms, Terms, TicketTypeTerms } from '../../../src/tickets/terms.ts'

/** The parts of the object's storage that a pool uses: statements, and a transaction that a throw rolls back. */
export class SqliteStorage {
  readonly #database = new DatabaseSync(':memory:')

  get sql(): SqlStorage {
    return { exec: (query: string, ...values: SqlStorageValue[]) => this.#exec(query, values) } as SqlStorage
  }

  transaction<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #exec(query: string, values: SqlStorageValue[]): unknown {
    if (values.length === 0 && /^\s*(CREATE|ALTER)/.test(query)) {
      this.#database.exec(query)
      return cursor([])
    }
    const bound = values.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value))
    return cursor(this.#database.prepare(query).all(...(bound as SQLInputValue[])))
  }
}

function cursor(rows: Record<string, unknown>[]) {
  const asStored = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? new Uint8Array(value).buffer : value,
      ]),
    ),
  )
  return {
    toArray: () => asStored,
    raw: () => asStored.map((row) => Object.values(row)),
    [Symbol.iterator]: () => asStored[Symbol.iterator](),
  }
}

export const POOL_NAME = '0123456789a'
export const TICKET_TYPE_ID = 'tickettype_01kjy3cr00e2ys5rh3rp46hk8x'

/** A pool with its storage, used as in the object: each decision in a transaction, and a reload after a failure. */
export class TestPool {
  readonly storage = new SqliteStorage()
  readonly store: PoolStore
  readonly #random: Randomness
  readonly #itemId: string
  readonly #name: string
  pool: Pool

  /** `itemId`: of a ticket type or a capacity group that has a pool of its own name. */
  constructor(terms: Terms, random: Randomness, itemId?: string) {
    this.#random = random
    this.store = new PoolStore(this.storage.sql)
    this.#name = itemId === undefined ? POOL_NAME : poolNameOf(itemId)
    const known = terms.kind === 'raffle' ? (JSON.parse(terms.rules) as Rules).id : TICKET_TYPE_ID
    this.#itemId = itemId ?? known
    const first = this.storage.transaction(() => this.#configure(1, terms, undefined, 0))
    if (!first.ok) throw new Error(first.detail)
    this.pool = this.reload()
  }

  /** Sets other terms and loads the pool again, as the object does. */
  configure(version: number, terms: Terms, now: number): Outcome<{ version: number }> {
    const outcome = this.decide(now, (pool) => this.#configure(version, terms, pool, now))
    if (outcome.ok) this.pool = this.reload()
    return outcome
  }

  #configure(version: number, terms: Terms, pool: Pool | undefined, now: number) {
    return configure(this.store, { name: this.#name, itemId: this.#itemId, version, terms, pool, now })
  }

  decide<Answer>(now: number, decide: (pool: Pool) => Answer): Answer {
    try {
      return this.storage.transaction(() => {
        this.pool.expireHolds(now)
        const answer = decide(this.pool)
        this.pool.offers.offerFree(now)
        return answer
      })
    } catch (error) {
      this.pool = this.reload()
      throw error
    }
  }

  /** Loads the pool from its storage, as the object does after an eviction. */
  reload(): Pool {
    const store = new PoolStore(this.storage.sql)
    return new Pool(store, store.pool()!, this.#random)
  }
}

export const SALES_FROM = Date.parse('2026-03-01T08:00:00.000Z')
export const SALES_UNTIL = Date.parse('2026-03-01T12:00:00.000Z')

/** Terms of a raffle that sells from `SALES_FROM` to `SALES_UNTIL`. */
export function termsOf(changes: Partial<Rules> = {}, paymentSpanSeconds = 0): RaffleTerms {
  const rules: Rules = {
    protocol: 'rdp1',
    id: 'raffle_01kjy3cr00e2ys5rh3rp46hk8x',
    organisationId: 'org_01kjy3cr00e2ys5rh3rp46hk8x',
    title: 'A raffle',
    ticketPrice: { amount: 0, currency: 'KES' },
    totalTickets: 100,
    maxPerUser: null,
    numbering: 'random',
    opensAt: new Date(SALES_FROM).toISOString(),
    closesAt: new Date(SALES_UNTIL).toISOString(),
    drawAt: '2026-03-01T20:00:00.000Z',
    prizes: [{ title: 'A bicycle', quantity: 1, kind: 'item', value: null }],
    winPolicy: 'perTicket',
    minTickets: 0,
    rakeBps: 0,
    guaranteed: false,
    entry: 'purchase',
    draw: { method: 'beacon' },
    claimDays: 14,
    onUnclaimed: 'redraw',
    maxRedraws: 3,
    earlyClose: 'operator',
    leadSeconds: 5,
    chain: dev.hash,
    ...changes,
  }
  return {
    kind: 'raffle',
    rules: canonicalRules(rules),
    paymentSpanSeconds,
    providers: ['sandbox'],
    ...OPEN_TO_ALL,
  }
}

/** The rules of a raffle that an official lottery decides, a week after its sales. */
export const onLottery = (digits: number, ifNobody: 'none' | 'next' = 'none'): Partial<Rules> => ({
  totalTickets: 10 ** digits,
  drawAt: '2026-03-08T20:00:00.000Z',
  draw: { method: 'lottery', lotteryId: 'lottery_1', date: '2026-03-08', digits, ifNobody },
  onUnclaimed: 'keep',
  maxRedraws: 0,
  chain: null,
})

/** Terms of a ticket type that sells from `SALES_FROM` to `SALES_UNTIL`. */
export const ticketTypeTerms = (changes: Partial<TicketTypeTerms> = {}): TicketTypeTerms => ({
  kind: 'ticketType',
  title: 'Balcony',
  organisationId: 'org_01kjy3cr00e2ys5rh3rp46hk8x',
  unitAmount: 500,
  currency: 'KES',
  total: 100,
  maxPerUser: null,
  opensAt: SALES_FROM,
  closesAt: SALES_UNTIL,
  paymentSpanSeconds: 900,
  providers: ['sandbox'],
  ...OPEN_TO_ALL,
  ...changes,
})
