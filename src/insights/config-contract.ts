/** The shape of what a client must know of a deployment before it builds a form. */
import * as z from 'zod'
import { Provider } from '../money/provider-name.ts'

const Limit = z.number().int()

export const Config = z
  .strictObject({
    providers: z
      .array(
        z.strictObject({
          name: Provider,
          needsPhone: z.boolean().describe('Whether a payment must send the payer’s phone number.'),
          paySeconds: z.number().int().describe('How many seconds a buyer has to pay by it.'),
          byDefault: z.boolean().describe('Whether a raffle with a price that names no provider takes it.'),
        }),
      )
      .describe('The payment providers that are set up.'),
    currencies: z
      .array(z.strictObject({ code: z.string(), decimals: z.number().int() }))
      .describe('The currencies that prices may have.'),
    holdSeconds: z
      .number()
      .int()
      .describe('How many seconds unpaid tickets are held, unless a provider needs longer.'),
    drawLeadSeconds: z.number().int().describe('The fewest seconds between a commitment and its draw.'),
    beacon: z
      .enum(['dev', 'quicknet'])
      .describe('The source of the randomness of draws. `dev` proves nothing.'),
    turnstileSiteKey: z
      .string()
      .nullable()
      .describe('The key of the Turnstile widget; null if raffles cannot ask for a check.'),
    accessTokenSeconds: z.number().int().describe('How many seconds an access token lasts.'),
    refreshTokenSeconds: z.number().int(),
    limits: z.strictObject({
      pageSize: Limit.describe('The most entries of one page of a list.'),
      bodyBytes: Limit.describe('The largest body of a request, in bytes.'),
      amount: Limit.describe('The largest price, in minor units.'),
      ticketsPerRaffle: Limit,
      ticketsPerPurchase: Limit,
      prizesPerRaffle: Limit,
      prizeUnitsPerRaffle: Limit.describe('All copies of all prizes of a raffle.'),
      linesPerOrder: Limit,
      unpaidUnits: Limit.describe(
        'The most unpaid units of one thing for one person. It is less for small raffles.',
      ),
      unpaidUnitsUnproved: Limit.describe('The same for a person whose e-mail address is not proved.'),
    }),
  })
  .meta({ id: 'Config' })
export type Config = z.infer<typeof Config>
