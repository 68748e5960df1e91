/** What a peer does: free entries and priced purchases, as a careful engineer would write them for one database. */
import { Refused, type Row, type Steps, type Store } from './store.ts'
import {
  type Buyer,
  firstOf,
  newId,
  requestOf,
  showPurchase,
  take,
  totalOf,
  type Wanted,
} from './take-numbers.ts'

const HOLD_MS = 15 * 60_000
const PROVIDER = 'sandbox'

export async function enter(store: Store, wanted: Wanted, buyer: Buyer) {
  const reservation = { id: newId('res'), state: 'sold', now: Date.now(), heldUntil: null } as const
  const statements = take(store, wanted, buyer, reservation)
  try {
    const [counted] = await (statements.length === 1
      ? store.run(...statements[0]!)
      : store.transact(function* (): Steps<Row[]> {
          const [rows] = yield [statements[0]!]
          if (rows!.length > 0) yield statements.slice(1)
          return rows!
        }))
    return showPurchase(wanted, reservation, firstOf(counted, wanted), totalOf(counted))
  } catch (error) {
    if (!store.isUniqueViolation(error)) throw error
    return repeat(store, wanted, buyer)
  }
}

/** The answer to a repeated free entry: what the first one got. */
async function repeat(store: Store, wanted: Wanted, buyer: Buyer) {
  const [known] = await store.run(
    `SELECT reservations.*, total FROM reservations JOIN raffles ON raffles.id = raffle_id
     WHERE user_id = ? AND key = ?`,
    buyer.userId,
    buyer.key,
  )
  if (known?.request !== requestOf(wanted)) throw new Refused(409, 'This key was used for another request.')
  const reservation = {
    id: known.id as string,
    state: 'sold',
    now: known.created_at as number,
    heldUntil: null,
  } as const
  return showPurchase(wanted, reservation, known.first_index as number, known.total as number)
}

/** Places an order: its tickets are held until it is paid. A repeat is refused, which our own API answers again. */
export async function order(store: Store, wanted: Wanted, buyer: Buyer): Promise<object> {
  try {
    return await placeOrder(store, wanted, buyer)
  } catch (error) {
    if (store.isUniqueViolation(error)) throw new Refused(409, 'This key was used before.')
    throw error
  }
}

function placeOrder(store: Store, wanted: Wanted, buyer: Buyer): Promise<object> {
  const { raffleId, quantity } = wanted
  const now = Date.now()
  const payUntil = now + HOLD_MS
  const ids = { order: newId('order'), payment: newId('payment') }
  const reservation = { id: newId('res'), state: 'held', now, heldUntil: payUntil } as const
  return store.transact(function* (): Steps<object> {
    const [[placed], , payment] = yield [
      [
        `INSERT INTO orders (id, user_id, key, request, currency, amount, status, pay_until, due_at, created_at, updated_at)
         SELECT ?, ?, ?, ?, currency, price * ?, 'pending', CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT)
         FROM raffles WHERE id = ? RETURNING amount, currency`,
        ids.order,
        buyer.userId,
        buyer.key,
        requestOf(wanted),
        quantity,
        payUntil,
        payUntil,
        now,
        now,
        raffleId,
      ],
      [
        `INSERT INTO order_lines (order_id, line, raffle_id, organisation_id, title, quantity, unit_amount, state, reservation_id)
         SELECT ?, 0, id, organisation_id, title, CAST(? AS BIGINT), price, 'held', ? FROM raffles WHERE id = ?`,
        ids.order,
        quantity,
        reservation.id,
        raffleId,
      ],
      [
        `INSERT INTO payments (id, order_id, key, provider, amount, currency, status, reference, due_at, created_at, updated_at)
         SELECT ?, id, 'first', ?, amount, currency, 'pending', ?, pay_until, created_at, created_at
         FROM orders WHERE id = ? RETURNING id, amount, currency`,
        ids.payment,
        PROVIDER,
        ids.payment,
        ids.order,
      ],
      [
        'INSERT INTO order_events VALUES (?, ?, ?, ?)',
        ids.order,
        'placed',
        now,
        `Ordered ${quantity} tickets`,
      ],
    ]
    // The row of the raffle is locked last, so that others wait for it as briefly as possible.
    const [held, ...insert] = take(store, wanted, buyer, reservation)
    const [[counted]] = yield [held!]
    const first = firstOf(counted, wanted)
    if (insert.length > 0) yield insert
    const checkoutUrl = `http://checkout.example/sandbox/checkout/${ids.payment}`
    return {
      ...showPurchase(wanted, reservation, first, totalOf(counted)),
      order: {
        id: ids.order,
        status: 'pending',
        amount: placed,
        payUntil: new Date(payUntil).toISOString(),
        payment: { ...payment![0], status: 'pending', checkoutUrl },
      },
    }
  })
}

/** Stores the provider's webhook, then settles the payment's order: money is booked, and the tickets are issued. */
export async function settle(store: Store, paymentId: string): Promise<void> {
  const now = Date.now()
  const eventId = newId('event')
  await store.run(
    'INSERT INTO webhooks VALUES (?, ?, ?, ?, ?, NULL)',
    PROVIDER,
    eventId,
    paymentId,
    JSON.stringify({ id: eventId, subject: 'payment', subjectId: paymentId }),
    now,
  )
  await store.transact(function* (): Steps<void> {
    const [[sale]] = yield [
      [
        `SELECT o.id, o.user_id, o.amount, o.currency, o.receipt, l.raffle_id, l.organisation_id, l.title, l.quantity, l.reservation_id
         FROM payments p JOIN orders o ON o.id = p.order_id JOIN order_lines l ON l.order_id = o.id
         WHERE p.id = ?${store.dialect === 'postgres' ? ' FOR UPDATE OF p, o' : ''}`,
        paymentId,
      ],
    ]
    if (sale === undefined) throw new Refused(404, 'There is no such payment.')
    if (sale.receipt !== null) return
    const { id, amount, currency, quantity } = sale as {
      id: string
      amount: number
      currency: string
      quantity: number
    }
    const receipt = `${PROVIDER}:${paymentId}`
    const transfer = 'INSERT INTO transfers VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?)'
    const event = 'INSERT INTO order_events VALUES (?, ?, ?, ?)'
    const raffleId = sale.raffle_id!
    const takings = `raffle:${raffleId}`
    const mail = JSON.stringify({ orderId: id, amount, currency, items: [{ quantity, title: sale.title }] })
    yield [
      [
        'INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?)',
        PROVIDER,
        paymentId,
        paymentId,
        id,
        amount,
        currency,
        now,
      ],
      [transfer, `receipt:${receipt}`, 'cash:sandbox', 'deposits', currency, amount, id, null, now],
      [transfer, `settle:${id}`, 'deposits', takings, currency, amount, id, raffleId, now],
      [
        "UPDATE payments SET status = 'succeeded', due_at = NULL, updated_at = ? WHERE id = ?",
        now,
        paymentId,
      ],
      [
        "UPDATE orders SET status = 'paid', receipt = ?, settled_at = ?, due_at = NULL, updated_at = ? WHERE id = ?",
        receipt,
        now,
        now,
        id,
      ],
      ["UPDATE order_lines SET state = 'issued' WHERE order_id = ?", id],
      [
        "UPDATE reservations SET state = 'sold', issued_at = ?, held_until = NULL WHERE id = ? AND state = 'held'",
        now,
        sale.reservation_id!,
      ],
      [event, id, 'receipt', now, `Received ${amount} ${currency}`],
      [event, id, 'issued', now, `Issued ${quantity} tickets`],
      [
        "INSERT INTO mails VALUES (?, ?, 'order_paid', ?, ?, ?)",
        newId('mail'),
        sale.user_id!,
        mail,
        now,
        now,
      ],
      ['UPDATE webhooks SET done_at = ? WHERE provider = ? AND event_id = ?', now, PROVIDER, eventId],
      ['UPDATE raffles SET sold = sold + ? WHERE id = ?', quantity, raffleId],
    ]
  })
}
