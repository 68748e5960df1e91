/** What the fake of Stripe keeps: objects as Stripe shows them, and the balance of the platform's account. */
import type { Fields } from './form.ts'

/** An object of Stripe's. Its shape is checked by the code that reads it. */
// biome-ignore lint/suspicious/noExplicitAny: the API's own shapes, which are long
export type Thing = Record<string, any> & { id: string; object: string }

const PREFIXES = {
  'checkout.session': 'cs_test',
  payment_intent: 'pi',
  charge: 'ch',
  balance_transaction: 'txn',
  refund: 're',
  dispute: 'du',
  transfer: 'tr',
  transfer_reversal: 'trr',
  account: 'acct',
  bank_account: 'ba',
  event: 'evt',
} as const
export type Kind = keyof typeof PREFIXES

/** What a charge and a dispute cost, in the charge's currency. */
export const feeOf = (amount: number): number => Math.round(amount * 0.029) + 30
export const DISPUTE_FEE = 1_500

export class Books {
  readonly things = new Map<string, Thing>()
  /** The platform's balance by currency, all of it available. */
  readonly balance = new Map<string, number>()

  make(kind: Kind, fields: Fields, now: number): Thing {
    const id = `${PREFIXES[kind]}_${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`
    const thing = { id, object: kind, created: Math.floor(now / 1_000), livemode: false, ...fields }
    this.things.set(id, thing)
    return thing
  }

  find(id: string, kind: Kind): Thing | undefined {
    const thing = this.things.get(id)
    return thing?.object === kind ? thing : undefined
  }

  /** The newest first, as Stripe lists them. */
  all(kind: Kind): Thing[] {
    return [...this.things.values()].filter(({ object }) => object === kind).reverse()
  }

  /** Moves money into the balance, or out of it if `amount` is below zero; Stripe keeps `fee`. */
  book(source: string, amount: number, currency: string, fee: number, now: number): Thing {
    this.balance.set(currency, this.balanceOf(currency) + amount - fee)
    return this.make('balance_transaction', { source, amount, currency, fee, net: amount - fee }, now)
  }

  balanceOf(currency: string): number {
    return this.balance.get(currency) ?? 0
  }

  /** The object, with those of its references that `paths` name replaced by the objects. */
  expanded(thing: Thing, paths: readonly string[]): Thing {
    const copy: Thing = structuredClone(thing)
    for (const path of paths) {
      const [first, ...rest] = path.split('.')
      const value = copy[first!]
      const target = typeof value === 'string' ? this.things.get(value) : value
      if (target != null) copy[first!] = this.expanded(target, rest.length === 0 ? [] : [rest.join('.')])
    }
    return copy
  }
}
