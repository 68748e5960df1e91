// biome-ignore-all lint/style/noExcessiveLinesPerFile: tables one after another; drizzle-kit reads them from this one file
/** Money: payments in, refunds back, payouts out, and the ledger that accounts for all of it. Times are milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { BankAccount } from './bank-account.ts'
import type { Provider } from './provider-name.ts'

/** `starting`: inserted before the provider is called. A later success overrides `failed` and `expired`. */
export const PAYMENT_STATUSES = ['starting', 'pending', 'succeeded', 'failed', 'expired'] as const

/** What the payer does next. */
export interface PaymentAction {
  kind: 'redirect' | 'prompt' | 'manual'
  checkoutUrl: string | null
  message: string
}

/** Who took a payment off the attention list, and why. */
export interface Dismissal {
  by: string
  reason: string
  at: number
}

export const payments = sqliteTable(
  'payments',
  {
    id: text().primaryKey(),
    orderId: text().notNull(),
    /** The Idempotency-Key that made it, unique for its order. */
    key: text().notNull(),
    provider: text().$type<Provider>().notNull(),
    amount: integer().notNull(),
    currency: text().notNull(),
    status: text({ enum: PAYMENT_STATUSES }).notNull().default('starting'),
    /** The provider's own id. */
    reference: text(),
    action: text({ mode: 'json' }).$type<PaymentAction>(),
    /** Personal: where a prompt goes. Never logged. */
    phone: text(),
    returnUrl: text(),
    /** How often the provider was polled. */
    checks: integer().notNull().default(0),
    /** The next poll. */
    dueAt: integer(),
    /** Why a person must check it; null: no person needs to. */
    attention: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** When it was started at a provider that `startsOnce`. */
    askedAt: integer(),
    /** The last dismissal. Never logged: its reason is free text and may be personal. */
    dismissal: text({ mode: 'json' }).$type<Dismissal>(),
    /** Why it failed, in our own words for the buyer; null: it did not fail, or nobody knows why. */
    failure: text(),
    /** When the time to pay ends; null: it was not recorded then. */
    payUntil: integer(),
  },
  (table) => [
    check('payments_status', sql`status IN ('starting', 'pending', 'succeeded', 'failed', 'expired')`),
    check('payments_amount', sql`amount > 0`),
    uniqueIndex('payments_key').on(table.orderId, table.key),
    // A provider within this installation has no other id for a payment than ours.
    uniqueIndex('payments_reference').on(table.provider, table.reference).where(sql`reference <> id`),
    index('payments_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('payments_attention').on(table.id).where(sql`attention IS NOT NULL`),
  ],
)
export type PaymentRow = typeof payments.$inferSelect

/** Money that arrived: one row for each capture at the provider, however often it is reported. */
export const receipts = sqliteTable(
  'receipts',
  {
    provider: text().$type<Provider>().notNull(),
    reference: text().notNull(),
    paymentId: text().notNull(),
    orderId: text().notNull(),
    amount: integer().notNull(),
    currency: text().notNull(),
    at: integer().notNull(),
    /** The id on the payer's statement, if the provider reports it. */
    receiptNumber: text(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.reference] }),
    index('receipts_order').on(table.orderId),
    uniqueIndex('receipts_number')
      .on(table.provider, table.receiptNumber)
      .where(sql`receipt_number IS NOT NULL`),
    check('receipts_amount', sql`amount > 0`),
  ],
)
export type ReceiptRow = typeof receipts.$inferSelect

/**
 * `requested` (tickets not voided yet) → `due` (the ledger owes it) → `sent` → `paid`. `failed` is retried.
 * `refused`: its tickets could no longer be taken back, or a reversal took back money that the order no longer had.
 */
export const REFUND_STATUSES = ['requested', 'due', 'sent', 'paid', 'failed', 'refused'] as const
export type RefundStatus = (typeof REFUND_STATUSES)[number]

/** The refunded tickets of one line. A lost line has none. */
export interface RefundedLine {
  line: number
  numbers: number[]
}

export const refunds = sqliteTable(
  'refunds',
  {
    id: text().primaryKey(),
    orderId: text().notNull(),
    key: text().notNull(),
    /** Fingerprint of the request under the key. */
    request: text().notNull(),
    /** Which receipt is refunded: `provider`, `paymentId` and `receipt` name it. */
    provider: text().$type<Provider>().notNull(),
    paymentId: text().notNull(),
    receipt: text().notNull(),
    amount: integer().notNull(),
    currency: text().notNull(),
    reason: text().notNull(),
    lines: text({ mode: 'json' }).$type<RefundedLine[]>().notNull(),
    status: text({ enum: REFUND_STATUSES }).notNull(),
    reference: text(),
    tries: integer().notNull().default(0),
    dueAt: integer(),
    attention: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    check('refunds_status', sql`status IN ('requested', 'due', 'sent', 'paid', 'failed', 'refused')`),
    check('refunds_amount', sql`amount > 0`),
    uniqueIndex('refunds_key').on(table.orderId, table.key),
    index('refunds_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('refunds_open').on(table.orderId).where(sql`status NOT IN ('paid', 'refused')`),
  ],
)
export type RefundRow = typeof refunds.$inferSelect

/** A run refunds every order of a cancelled item. It goes on from its cursor over as many sweeps as it needs. */
export const refundRuns = sqliteTable(
  'refund_runs',
  {
    /** The `itemId` of its order lines: the raffle's id, or that of another kind of item. */
    itemId: text('raffle_id').primaryKey(),
    reason: text().notNull(),
    /** The last refunded order. */
    cursor: text().notNull().default(''),
    /** The number of orders refunded so far. */
    done: integer().notNull().default(0),
    startedAt: integer().notNull(),
    finishedAt: integer(),
  },
  (table) => [index('refund_runs_open').on(table.startedAt).where(sql`finished_at IS NULL`)],
)

/** `requested` → `approved` → `sent` → `paid` | `failed` → (retried) `approved`; `cancelled`: its winner was disqualified, or it was withdrawn. */
export const PAYOUT_STATUSES = ['requested', 'approved', 'sent', 'paid', 'failed', 'cancelled'] as const
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number]

export const PAYOUT_KINDS = ['prize', 'organiser', 'shop'] as const

export const payouts = sqliteTable(
  'payouts',
  {
    id: text().primaryKey(),
    /** Whose money it is: a winner's prize, the rest of a raffle or event for its organisation, or a shop's earnings. */
    kind: text({ enum: PAYOUT_KINDS }).notNull(),
    /** Unique for its kind: the winner's id, or the requester's key. Once cancelled, its own id. */
    subject: text().notNull(),
    /** Null for a payout of an event or a shop. */
    raffleId: text(),
    organisationId: text().notNull(),
    /** The winner, for a prize. */
    userId: text(),
    provider: text().$type<Provider>().notNull(),
    /** An account or a phone number; personal, never logged. */
    destination: text().notNull(),
    amount: integer().notNull(),
    currency: text().notNull(),
    status: text({ enum: PAYOUT_STATUSES }).notNull().default('requested'),
    requestedBy: text().notNull(),
    /** The requester's Idempotency-Key and a fingerprint of the request; null if a claim made the payout. */
    key: text(),
    request: text(),
    /** The Idempotency-Key of the last retry: `<user>:<key>`. */
    retryKey: text(),
    approvedBy: text(),
    /** The provider's own id, or the operator's note of a payment by hand. */
    reference: text(),
    /** Counts attempts that failed at the provider: each attempt has its own key there. */
    attempt: integer().notNull().default(0),
    tries: integer().notNull().default(0),
    dueAt: integer(),
    attention: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** The event whose takings it pays out. */
    eventId: text(),
    /** The winner's payout method. Null: none, or the row is from before this was recorded. */
    methodId: text(),
    /** It is not sent before: its payout method is new. Null: at any time. */
    payableFrom: integer(),
    /** When its payout method was removed: it waits for another claim. Null: it was not. */
    stoppedAt: integer(),
  },
  (table) => [
    check('payouts_status', sql`status IN ('requested', 'approved', 'sent', 'paid', 'failed', 'cancelled')`),
    check('payouts_amount', sql`amount > 0`),
    uniqueIndex('payouts_subject').on(table.kind, table.subject),
    uniqueIndex('payouts_key').on(table.requestedBy, table.key),
    index('payouts_organisation').on(table.organisationId, table.id),
    index('payouts_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('payouts_attention').on(table.id).where(sql`attention IS NOT NULL`),
    index('payouts_method').on(table.methodId).where(sql`method_id IS NOT NULL`),
  ],
)
export type PayoutRow = typeof payouts.$inferSelect

/** Where a user's prizes are paid. A method never changes: another destination is another method. */
export const payoutMethods = sqliteTable(
  'payout_methods',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    provider: text().$type<Provider>().notNull(),
    /** An account or a phone number, or a bank account in one line; personal, never logged. */
    destination: text().notNull(),
    createdAt: integer().notNull(),
    /** The bank account of a method by hand; personal, never logged. */
    bank: text({ mode: 'json' }).$type<BankAccount>(),
    /** No money goes there before. 0: the row is from before methods waited. */
    payableFrom: integer().notNull().default(0),
  },
  (table) => [index('payout_methods_user').on(table.userId, table.id)],
)
export type MethodRow = typeof payoutMethods.$inferSelect

/**
 * Phones and accounts that somebody no longer wants to be paid to, with the last time. What proved one before counts no more.
 * Bank accounts are not in it.
 */
export const removedDestinations = sqliteTable(
  'removed_destinations',
  {
    /** A user or an organisation. */
    ownerId: text().notNull(),
    provider: text().$type<Provider>().notNull(),
    /** Personal, never logged. */
    destination: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.ownerId, table.provider, table.destination] })],
)

/** Accounts at Stripe of those who receive money by it. */
export const stripeAccounts = sqliteTable(
  'stripe_accounts',
  {
    /** Stripe's own id of it, to which payouts go. */
    id: text().primaryKey(),
    /** A user or an organisation. */
    ownerId: text().notNull(),
    country: text().notNull(),
    /** Whether it can receive money. */
    isReady: integer({ mode: 'boolean' }).notNull(),
    /** Why its owner must act at Stripe though it can receive money; null: it need not. */
    problem: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** The users who were sent to its set-up. One of them has said to which bank its money goes. */
    setUpBy: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    /** When the last of them was. */
    setUpAt: integer().notNull().default(0),
  },
  (table) => [uniqueIndex('stripe_accounts_owner').on(table.ownerId)],
)
export type StripeAccountRow = typeof stripeAccounts.$inferSelect

/** The ledger. Append only (see the triggers in the migration); `(transaction_id, part)` makes each transfer happen once. */
export const transfers = sqliteTable(
  'transfers',
  {
    transactionId: text().notNull(),
    part: integer().notNull(),
    debit: text().notNull(),
    credit: text().notNull(),
    currency: text().notNull(),
    amount: integer().notNull(),
    /** The order and the raffle that it belongs to. */
    orderId: text(),
    raffleId: text(),
    at: integer().notNull(),
    /** The organisation whose claim on the till of `provider` it changes; null: it changes no claim. */
    organisationId: text(),
    provider: text().$type<Provider>(),
  },
  (table) => [
    primaryKey({ columns: [table.transactionId, table.part] }),
    check('transfers_amount', sql`amount > 0 AND debit <> credit`),
    index('transfers_at').on(table.at, table.transactionId, table.part),
    index('transfers_raffle').on(table.raffleId).where(sql`raffle_id IS NOT NULL`),
  ],
)
export type TransferRow = typeof transfers.$inferSelect

/** The balance of each `cash` account. A trigger on `transfers` keeps it, so that a check need not add up the ledger. */
export const tills = sqliteTable(
  'tills',
  {
    account: text().notNull(),
    currency: text().notNull(),
    balance: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.account, table.currency] }),
    index('tills_below_zero').on(table.account).where(sql`balance < 0`),
  ],
)

/**
 * What each provider's till holds for an organisation, by what it sold: a raffle, a ticket type, its shop; its top-ups; and all
 * the rest. Triggers on `transfers` keep it, so that a payout reads a row for each thing that was sold, and not for each sale.
 * A raffle has rows from its draw on: what it takes before covers only its own refunds, so no sum needs it.
 */
export const CLAIM_KINDS = ['raffle', 'admission', 'shop', 'top_up', 'other'] as const

export const claims = sqliteTable(
  'claims',
  {
    organisationId: text().notNull(),
    kind: text({ enum: CLAIM_KINDS }).notNull(),
    /** The raffle or the ticket type; empty for any other kind. */
    itemId: text().notNull(),
    currency: text().notNull(),
    provider: text().$type<Provider>().notNull(),
    /** Below zero, more was taken than was sold. */
    amount: integer().notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.organisationId, table.kind, table.itemId, table.currency, table.provider],
    }),
    check('claims_kind', sql`kind IN ('raffle', 'admission', 'shop', 'top_up', 'other')`),
  ],
)

/** By how much an organisation's guarantees may exceed its balance, in minor units. No row: nothing. Set by administrators. */
export const guaranteeLimits = sqliteTable(
  'guarantee_limits',
  {
    organisationId: text().notNull(),
    currency: text().notNull(),
    amount: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organisationId, table.currency] }),
    check('guarantee_limits_amount', sql`amount >= 0`),
  ],
)

/** How an organisation sells: what it does not name is open. No row: everything is. A change does not reach what is published. */
export const sellingTerms = sqliteTable('selling_terms', {
  organisationId: text().primaryKey(),
  /** By which providers buyers pay; null: by all that are set up. */
  providers: text({ mode: 'json' }).$type<Provider[]>(),
  currencies: text({ mode: 'json' }).$type<string[]>(),
  /** The countries that it sells to (ISO 3166-1 alpha-2). */
  countries: text({ mode: 'json' }).$type<string[]>(),
  updatedAt: integer().notNull(),
})
export type SellingRow = typeof sellingTerms.$inferSelect

export const WEBHOOK_SUBJECTS = ['payment', 'refund', 'payout'] as const
export type WebhookSubject = (typeof WEBHOOK_SUBJECTS)[number]

/** Verified webhooks with their raw bodies; deleted after 90 days. */
export const webhooks = sqliteTable(
  'webhooks',
  {
    provider: text().$type<Provider>().notNull(),
    eventId: text().notNull(),
    body: text().notNull(),
    receivedAt: integer().notNull(),
    /** When it was acted on; null: not yet, and the sweep does it. If a poll is due anyway, the time of storing. */
    actedAt: integer(),
    /** The kind of its subject, and our id of it. */
    subject: text({ enum: WEBHOOK_SUBJECTS }).notNull(),
    subjectId: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.provider, table.eventId] }),
    index('webhooks_received').on(table.receivedAt),
    index('webhooks_subject').on(table.subjectId, table.receivedAt),
    index('webhooks_waiting').on(table.receivedAt, table.eventId).where(sql`acted_at IS NULL`),
  ],
)

/** What was requested of M-Pesa for each attempt at a refund or payout. Only its provider reads and writes it. */
export const mpesaTransfers = sqliteTable('mpesa_transfers', {
  /** Our key of the attempt. */
  id: text().primaryKey(),
  /** Money to a phone, or the reversal of a payment. It never changes, because both could pay. */
  kind: text({ enum: ['b2c', 'reversal'] }).notNull(),
  /** How often it was requested; counted before each request. */
  requests: integer().notNull(),
  requestedAt: integer().notNull(),
  /** The OriginatorConversationID under which M-Pesa has accepted it; null: no answer says so. */
  conversation: text(),
  /** Why M-Pesa did not take its only request; null: it may have. */
  refusal: text(),
  /** When M-Pesa was last asked for its status. */
  statusAskedAt: integer(),
})

/** The sandbox's own books, as an outside provider would keep them. Only the sandbox reads and writes them. */
export const sandboxCharges = sqliteTable(
  'sandbox_charges',
  {
    /** Our payment's id: the sandbox's key, so that a repeated start is one charge. */
    id: text().primaryKey(),
    amount: integer().notNull(),
    currency: text().notNull(),
    returnUrl: text(),
    /** Given to the payer alone, in the checkout's address. */
    token: text().notNull(),
    status: text({ enum: ['open', 'approved', 'declined', 'later', 'stopped'] })
      .notNull()
      .default('open'),
    /** How often the payer paid: 0, 1 or 2. */
    captures: integer().notNull().default(0),
    /** When a delayed payment arrives. */
    settlesAt: integer(),
    /** When the sandbox sends its webhook, until it was delivered; null: there is nothing to report. */
    tellAt: integer(),
    createdAt: integer().notNull(),
    /** When the payer's bank took back all captures; null: it has not. */
    disputedAt: integer(),
  },
  (table) => [index('sandbox_charges_tell').on(table.tellAt).where(sql`tell_at IS NOT NULL`)],
)

export const sandboxTransfers = sqliteTable('sandbox_transfers', {
  /** Our refund's id, or our payout's with its attempt. */
  id: text().primaryKey(),
  kind: text({ enum: ['refund', 'payout'] }).notNull(),
  amount: integer().notNull(),
  currency: text().notNull(),
  status: text({ enum: ['pending', 'succeeded', 'failed'] }).notNull(),
  settlesAt: integer(),
  createdAt: integer().notNull(),
})
