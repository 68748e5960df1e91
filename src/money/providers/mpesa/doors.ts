/** The addresses where M-Pesa reports payments, results of refunds and payouts, queue time-outs and results of status queries. */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { WebhookDoor, WebhookEvent } from '../port.ts'
import { readBody } from '../read-body.ts'
import { type Door, idOfToken } from './addresses.ts'
import { Callback, Result } from './shapes.ts'
import { subjectOf } from './transfer.ts'

const ANSWER = { ResultCode: 0, ResultDesc: 'Accepted' }

/** M-Pesa's events have no id. Those with one body are one event; another body about the same is stored too. */
const HASH_LETTERS = 16
const hashOf = (body: string): string =>
  createHash('sha256').update(body).digest('hex').slice(0, HASH_LETTERS)

/** A door whose events have the form of `schema`. `about` names the kind of the id in its address. */
const doorOf = (
  door: Door,
  schema: z.ZodType,
  about: (id: string) => WebhookEvent['subject'],
): WebhookDoor => ({
  answer: ANSWER,
  async read(ctx, { token, body }) {
    const id = idOfToken(ctx, door, token)
    readBody('mpesa', schema, body)
    return { eventId: `${door}:${id}:${hashOf(body)}`, subject: about(id), subjectId: subjectOf(id) }
  },
})

const kindOf = (key: string): 'refund' | 'payout' => (key.startsWith('refund_') ? 'refund' : 'payout')

export const doors: Readonly<Record<Door, WebhookDoor>> = {
  callback: doorOf('callback', Callback, () => 'payment'),
  result: doorOf('result', Result, kindOf),
  timeout: doorOf('timeout', z.looseObject({}), kindOf),
  status: doorOf('status', Result, kindOf),
}
