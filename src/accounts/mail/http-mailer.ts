/** Sends mails through Resend's HTTP API (https://resend.com/docs/api-reference/emails/send-email). */
import * as z from 'zod'
import { SECOND_MS } from '../../core/time.ts'
import type { Mailer, Sent } from './port.ts'

const MAX_WAIT_MS = 8 * SECOND_MS
/** Client errors that are not the mail's fault, such as a bad key or a rate limit. The mail is tried again. */
const RETRYABLE = [401, 403, 408, 425, 429]
/** Resend's error while it is sending the same id. */
const CONCURRENT = 'concurrent_idempotent_requests'

/** Only the error's name is read, because its message may quote the address. */
const Refusal = z.object({ name: z.string().regex(/^\w{1,60}$/) })

export interface MailAccount {
  url: string
  key: string
  from: string
}

export const httpMailer = ({ url, key, from }: MailAccount): Mailer => ({
  async send(_, { id, recipient, title, text, html }) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'idempotency-key': id,
        },
        body: JSON.stringify({ from, to: [recipient], subject: title, text, html }),
        redirect: 'manual',
        signal: AbortSignal.timeout(MAX_WAIT_MS),
      })
      return await readAnswer(response)
    } catch (error) {
      // The mail may have been sent. The next try is safe, because it has the same idempotency key.
      return { status: 'later', reason: `no answer (${error instanceof Error ? error.name : 'unknown'})` }
    }
  },
})

async function readAnswer(response: Response): Promise<Sent> {
  if (response.ok) {
    await response.body?.cancel()
    return { status: 'sent' }
  }
  const name = errorNameIn(await response.text())
  const reason = `HTTP ${response.status}${name === undefined ? '' : ` ${name}`}`
  const { status } = response
  const isRetryable = status < 400 || status >= 500 || RETRYABLE.includes(status) || name === CONCURRENT
  return { status: isRetryable ? 'later' : 'refused', reason }
}

function errorNameIn(text: string): string | undefined {
  try {
    return Refusal.safeParse(JSON.parse(text)).data?.name
  } catch {
    return undefined
  }
}
