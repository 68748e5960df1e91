/** The shape of what a client must know of a deployment before it builds a form. */
import * as z from 'zod'
import { Provider } from '../money/provider-name.ts'

const Limit = z.number().int()

export const Config = z
  .strictObject({
    /** The payment providers that are set up. */
    providers: z.array(
      z.strictObject({
        name: Provider,
        /** Whether a payment must send the payer’s phone number. */
        needsPhone: z.boolean(),
        /** How long a buyer has to pay by it. */
        paySeconds: z.number().int(),
        /** Whether a raffle with a price that names no provider takes it. */
        byDefault: z.boolean(),
      }),
    ),
    /** The currencies that prices may have. */
    currencies: z.array(z.strictObject({ code: z.string(), decimals: z.number().int() })),
    /** How long unpaid tickets are held, unless a provider needs longer. */
    holdSeconds: z.number().int(),
    /** The least time between a commitment and its draw. */
    drawLeadSeconds: z.number().int(),
    /** The source of the randomness of draws. `dev` proves nothing. */
    beacon: z.enum(['dev', 'quicknet']),
    /** The key of the Turnstile widget; null if raffles cannot ask for a check. */
    turnstileSiteKey: z.string().nullable(),
    /** How long tokens last. */
    accessTokenSeconds: z.number().int(),
    refreshTokenSeconds: z.number().int(),
    limits: z.strictObject({
      /** The most entries of one page of a list. */
      pageSize: Limit,
      /** The largest body of a request. */
      bodyBytes: Limit,
      /** The largest price, in minor units. */
      amount: Limit,
      ticketsPerRaffle: Limit,
      ticketsPerPurchase: Limit,
      prizesPerRaffle: Limit,
      /** All copies of all prizes of a raffle. */
      prizeUnitsPerRaffle: Limit,
      linesPerOrder: Limit,
      /** The most unpaid units of one thing for one person. It is less for small raffles. */
      unpaidUnits: Limit,
      /** The same for a person whose e-mail address is not proved. */
      unpaidUnitsUnproved: Limit,
    }),
  })
  .meta({ id: 'Config' })
export type Config = z.infer<typeof Config>
