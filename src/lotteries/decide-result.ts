/**
 * What follows from a new record or a decision about one. Pure. The rule: two different people answer for each result that
 * counts. A page is answered for by the person who set its address.
 */
import { invalid, notFound, Problem } from '../core/errors.ts'
import type { Attention, LotteryRecordRow } from './schema.ts'

export type NewRecord = Pick<LotteryRecordRow, 'id' | 'origin' | 'author' | 'numbers' | 'source' | 'reason'>
export type KnownRecord = NewRecord & Pick<LotteryRecordRow, 'status' | 'decidedAt'>

export interface Known {
  /** The numbers that count now; null: none do. */
  current: readonly string[] | null
  /** When `current` was confirmed (ms); null: nothing is. */
  confirmedAt: number | null
  /** Authors who are no administrators any more. Their records wait, but no result follows from them. */
  gone: ReadonlySet<string>
  /** Every record of the draw. */
  records: readonly KnownRecord[]
}

export interface NewResult {
  record: NewRecord
  /** Null for the first result of a draw. */
  reason: string | null
  /** The user who answers for the confirmation; never the author of the record. */
  confirmedBy: string
}

export interface Decision {
  insert: NewRecord | null
  /** A pending record that ends without a result. */
  end: { id: string; status: 'withdrawn' | 'rejected'; by: string } | null
  /** Every pending record ends with it: those of the same numbers are confirmed, the others rejected. */
  result: NewResult | null
  attention: Attention | null
}

/** A draw has few records. This bounds those of one person who records and withdraws again and again, and those of the page. */
const MAX_RECORDS_EACH = 20

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join()
const pendingOf = ({ records }: Known) => records.filter(({ status }) => status === 'pending')

/** A person has recorded numbers. Null: nothing new. */
export function decideOnRecord(known: Known, record: NewRecord): Decision | null {
  if (known.current !== null && isSame(known.current, record.numbers)) return null
  const own = pendingOf(known).find((each) => each.origin === 'person' && each.author === record.author)
  if (own !== undefined) {
    if (isSame(own.numbers, record.numbers)) return null
    throw new Problem('conflict', 'You have recorded other numbers. Withdraw that record first.')
  }
  if (known.current === null && record.reason !== null) throw onlyCorrections()
  if (known.current !== null && record.reason === null) throw noReason()
  if (countLike(known, record) >= MAX_RECORDS_EACH) {
    throw new Problem('limit_reached', `A draw has at most ${MAX_RECORDS_EACH} records of one person.`)
  }
  return withRecord(known, pendingOf(known), record)
}

/** The page has published numbers. Null: nothing new. Once a result counts, a page only raises a difference. */
export function decideOnPage(known: Known, record: NewRecord): Decision | null {
  const pending = pendingOf(known)
  const page = pending.find(({ origin }) => origin === 'page')
  const withdraw =
    page === undefined ? null : { id: page.id, status: 'withdrawn' as const, by: record.author }
  const others = pending.filter((each) => each !== page)
  if (known.current !== null && isSame(known.current, record.numbers)) {
    return withdraw && { insert: null, end: withdraw, result: null, attention: attentionOf(known, others) }
  }
  const isKnown = known.records.some(
    (each) => each.origin === 'page' && isOpenOrRefused(known, each) && isSame(each.numbers, record.numbers),
  )
  if (isKnown || countLike(known, record) >= MAX_RECORDS_EACH) return null
  // A page that changes its numbers settles no conflict that it was part of.
  if (known.current === null && page === undefined) return withRecord(known, others, record)
  return { insert: record, end: withdraw, result: null, attention: attentionOf(known, [...others, record]) }
}

/** A page that lost a conflict says something new once the winner of that conflict is the result. */
const isOpenOrRefused = ({ confirmedAt }: Known, { status, decidedAt }: KnownRecord): boolean =>
  status === 'pending' || (status === 'rejected' && decidedAt! > (confirmedAt ?? 0))

/** The records of the same person; those of the page count together, even if its address changed. */
const countLike = ({ records }: Known, { origin, author }: NewRecord): number =>
  records.filter((each) => each.origin === origin && (origin === 'page' || each.author === author)).length

/** An admin confirms a record. Null: it is confirmed already. */
export function decideOnConfirmation(
  known: Known,
  recordId: string,
  by: string,
  reason: string | null,
): Decision | null {
  const record = findRecord(known, recordId)
  if (record.status === 'confirmed') return null
  if (record.status !== 'pending') throw hasEnded(record)
  if (record.author === by) throw new Problem('forbidden', whyNotOwn(record))
  if (known.gone.has(record.author)) {
    throw new Problem(
      'invalid_state',
      'The author of this record is no longer an administrator. Reject it, and record the numbers yourself.',
    )
  }
  if (known.current === null && reason !== null) throw onlyCorrections()
  if (known.current !== null && record.reason === null && reason === null) throw noReason()
  return resultOf(known, record, by, reason)
}

/** An admin ends a record: withdraws an own one, or rejects another. Null: it has ended so already. */
export function decideOnRejection(known: Known, recordId: string, by: string): Decision | null {
  const record = findRecord(known, recordId)
  const status = record.origin === 'person' && record.author === by ? 'withdrawn' : 'rejected'
  if (record.status === status) return null
  if (record.status !== 'pending') throw hasEnded(record)
  const others = pendingOf(known).filter((each) => each !== record)
  return {
    insert: null,
    end: { id: record.id, status, by },
    result: null,
    attention: attentionOf(known, others),
  }
}

/** A new record confirms an earlier one that agrees, unless another one disagrees. */
function withRecord(known: Known, pending: readonly NewRecord[], record: NewRecord): Decision {
  const agrees = (each: NewRecord) => isSame(each.numbers, record.numbers)
  const confirmed = pending.find(
    (each) => agrees(each) && areIndependent(each, record) && mayConfirm(known, each),
  )
  if (confirmed === undefined || !pending.every(agrees)) {
    return { insert: record, end: null, result: null, attention: attentionOf(known, [...pending, record]) }
  }
  return { ...resultOf(known, confirmed, record.author, record.reason), insert: record }
}

const resultOf = (known: Known, record: NewRecord, by: string, reason: string | null): Decision => ({
  insert: null,
  end: null,
  result: {
    record,
    reason: known.current === null ? null : (record.reason ?? reason),
    confirmedBy: by,
  },
  attention: null,
})

/** Somebody still answers for the record, and it is no page against a result that counts. */
const mayConfirm = ({ current, gone }: Known, { origin, author }: NewRecord): boolean =>
  !gone.has(author) && (current === null || origin === 'person')

/** Two people, and not one page read twice: a page does not confirm what a person has read on it. */
function areIndependent(a: NewRecord, b: NewRecord): boolean {
  if (a.author === b.author) return false
  if (a.origin === 'person' && b.origin === 'person') return true
  return a.origin !== b.origin && pageOf(a.source) !== pageOf(b.source)
}

/** An address without its query, which makes no other page. */
const pageOf = (source: string): string => {
  const { host, pathname } = new URL(source)
  return `${host}${pathname.replace(/\/$/, '')}`
}

function attentionOf({ current }: Known, pending: readonly NewRecord[]): Attention | null {
  const [first, ...others] = pending
  if (first === undefined) return null
  if (others.some((each) => !isSame(each.numbers, first.numbers))) return 'conflict'
  return current !== null && pending.some(({ origin }) => origin === 'page') ? 'difference' : 'unconfirmed'
}

function findRecord({ records }: Known, id: string): KnownRecord {
  const record = records.find((each) => each.id === id)
  if (record === undefined) throw notFound('record')
  return record
}

const hasEnded = ({ status }: KnownRecord) => new Problem('invalid_state', `This record is ${status}.`)
const onlyCorrections = () => invalid('reason', 'is only for a correction, and no result counts yet')
const noReason = () => invalid('reason', 'is required: another result counts, so say why it is wrong')
const whyNotOwn = ({ origin }: NewRecord) =>
  origin === 'page'
    ? 'You set the address of this page: another admin must confirm what it says.'
    : 'You recorded these numbers: another admin must confirm them.'
