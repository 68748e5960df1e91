// The history of an order: what its rows tell, and the stored events.
import { expect, it } from 'vitest'
import type { ReceiptRow } from '../../src/money/schema.ts'
import type { OrderLineRow, OrderRow } from '../../src/orders/schema.ts'
import { wholeHistory } from '../../src/orders/whole-history.ts'

const PAY_UNTIL = Date.parse('2031-05-05T12:10:00Z')

const order = (changes: Partial<OrderRow> = {}) =>
  ({
    key: 'a-key',
    amount: 1_000,
    currency: 'KES',
    payUntil: PAY_UNTIL,
    createdAt: 10,
    settledAt: null,
    ...changes,
  }) as OrderRow

const line = (state: OrderLineRow['state']) =>
  ({ kind: 'raffle', title: 'A raffle', quantity: 2, state }) as OrderLineRow

const receipt = (changes: Partial<ReceiptRow> = {}) =>
  ({
    provider: 'mpesa',
    reference: 'ws_1',
    amount: 1_000,
    currency: 'KES',
    at: 30,
    receiptNumber: null,
    ...changes,
  }) as ReceiptRow

const PLACED = 'Reserved. Pay KES 10.00 by 2031-05-05T12:10:00.000Z.'
const textsOf = (history: { text: string }[]): string[] => history.map(({ text }) => text)

it('tells of an order that was placed, paid and issued without a stored event', () => {
  const paid = { order: order({ settledAt: 40 }), lines: [line('issued')] }
  expect(textsOf(wholeHistory(paid, [receipt()]))).toEqual([
    PLACED,
    'Received KES 10.00 by M-Pesa.',
    'Paid. 2 tickets issued.',
  ])
})

it('tells what was issued even if it was refunded since, but not what was lost', () => {
  const rows = { order: order({ settledAt: 40 }), lines: [line('refunded'), line('lost')] }
  expect(textsOf(wholeHistory(rows))).toContain('Paid. 2 tickets issued.')
  expect(textsOf(wholeHistory({ ...rows, lines: [line('lost')] }))).toEqual([PLACED])
})

it('has its events in the order of their times; at one time those of the rows come first', () => {
  const rows = { order: order({ settledAt: 40 }), lines: [line('issued')] }
  const stored = [
    { key: 'failed:1', at: 20, text: 'failed' },
    { key: 'excess', at: 40, text: 'excess' },
    { key: 'refund:1:due', at: 50, text: 'refund' },
  ]
  expect(wholeHistory(rows, [receipt()], stored).map(({ key }) => key)).toEqual([
    'placed',
    'failed:1',
    'receipt:mpesa:ws_1',
    'issued',
    'excess',
    'refund:1:due',
  ])
})

it('shows what an earlier version stored, once and unchanged', () => {
  const stored = [
    { key: 'placed', at: 10, text: 'old words' },
    { key: 'receipt:mpesa:ws_1', at: 30, text: 'old receipt' },
    { key: 'issued', at: 40, text: 'old issue' },
  ]
  const rows = { order: order({ settledAt: 40 }), lines: [line('issued')] }
  expect(wholeHistory(rows, [receipt()], stored)).toEqual(stored)
})

it('names a receipt number with the money, or in an event of its own if it became known later', () => {
  const rows = { order: order(), lines: [line('held')] }
  const known = receipt({ receiptNumber: 'QX1' })
  expect(textsOf(wholeHistory(rows, [known]))).toContain('Received KES 10.00 by M-Pesa (QX1).')
  const later = [{ key: 'number:mpesa:ws_1', at: 35, text: 'The receipt number is QX1.' }]
  expect(textsOf(wholeHistory(rows, [known], later))).toEqual([
    PLACED,
    'Received KES 10.00 by M-Pesa.',
    'The receipt number is QX1.',
  ])
})
