/** The names of the payment providers. */
import * as z from 'zod'

export const Provider = z.enum(['sandbox', 'stripe', 'mpesa', 'manual'])

export type Provider = z.infer<typeof Provider>
