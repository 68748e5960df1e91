/** The shapes of grants on the wire: the entries that an order has earned in a raffle. */
import * as z from 'zod'
import { Email } from '../accounts/contract.ts'
import { Id } from '../core/ids.ts'
import { Money, MoneyAboveZero } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { GRANT_STATUSES } from './schema.ts'

/** No address has these as a part of its path, not even encoded. */
const DOT_SEGMENTS = new Set(['.', '..'])

/** A shop's own name for an order, as the shop writes it: `#1001`, `2026/11-7`, `Заказ № 5`. */
export const OrderRef = Line(1, 100)
  .refine((ref) => !DOT_SEGMENTS.has(ref), 'must not be . or .., which no address can hold')
  .meta({ description: 'The shop’s own name for the order: any printable text. Encode it in a path.' })

/** The reference of the grant that an admission earns. Each number is one, so that each can be revoked by itself. */
export const admissionRef = (reservationId: string, number: number): string => `${reservationId}:${number}`

export const isAdmission = (orderRef: string): boolean => {
  const [id = '', number = ''] = orderRef.split(':')
  return /^\d{1,7}$/.test(number) && Id('reservation').safeParse(id).success
}

/** Whether it is an order of our own shop or an admission: no API key may give or revoke those grants. */
export const isOurs = (orderRef: string): boolean =>
  Id('order').safeParse(orderRef).success || isAdmission(orderRef)
export const NOT_OURS =
  'must not be an order of our own shop or an admission: those are granted and revoked automatically'

export const GiveGrant = z
  .strictObject({
    orderRef: OrderRef.refine((ref) => !isOurs(ref), NOT_OURS),
    email: Email.optional(),
    userId: Id('user').optional(),
    amount: MoneyAboveZero.describe(
      'The amount of the order; the raffle’s rule says how many entries it earns.',
    ),
  })
  .refine(({ email, userId }) => (email === undefined) !== (userId === undefined), {
    path: ['userId'],
    message: 'give either userId or email',
  })
  .meta({ id: 'GiveGrant' })
export type GiveGrant = z.infer<typeof GiveGrant>

export const Grant = z
  .strictObject({
    raffleId: Id('raffle'),
    orderRef: z.string(),
    amount: Money.describe('The amount of the order; 0 for an admission.'),
    entries: z
      .number()
      .int()
      .describe('How many entries the order has earned; 0 until the grant has an owner.'),
    status: z.enum(GRANT_STATUSES).meta({
      description:
        '`waiting`: until sales open, or until the owner of the address has registered and verified it. `refused`: it earns nothing, and `reason` says why.',
    }),
    reason: z.string().nullable(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Grant' })
export type Grant = z.infer<typeof Grant>
export const GrantPage = Page(Grant)

export const ListGrants = PageQuery.extend({ status: AnyOf(z.enum(GRANT_STATUSES)).optional() })
export type ListGrants = z.infer<typeof ListGrants>

export const GrantParams = z.object({ id: Id('raffle'), orderRef: OrderRef })

export const EXAMPLE_GRANT = {
  raffleId: 'raffle_01kaf1q7v8fmk9m2q0c8w1g6ne',
  orderRef: 'shop-10023',
  amount: { amount: 250_000, currency: 'KES' },
  entries: 2,
  status: 'granted',
  reason: null,
  createdAt: '2026-11-20T17:00:00.000Z',
  updatedAt: '2026-11-20T17:00:00.000Z',
} as const satisfies Grant

/** Request bodies, by schema name. */
export const BODIES = {
  GiveGrant: { orderRef: EXAMPLE_GRANT.orderRef, email: 'amina@example.com', amount: EXAMPLE_GRANT.amount },
}
