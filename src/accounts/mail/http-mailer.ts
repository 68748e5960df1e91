/** Mails by HTTP, as Resend takes them (https://resend.com/docs/api-reference/emails/send-email): JSON under a bearer key. */
import * as z from 'zod'
import { SECOND_MS } from '../../core/time.ts'
import type { Mailer, Sent } from './port.ts'

const MAX_WAIT_MS = 8 * SECOND_MS
/** Client errors that say nothing against the mail: our key, their pace, a lost race with ourselves. */
const PASSING = [401, 403, 408, 425, 429]
/** What Resend answers while the same id is being sent. */
const CONCURRENT = 'concurrent_idempotent_requests'

/** Only the error's name: its message may quote the address. */
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
      // Whether it was sent is not known; the same id makes the next try safe.
      return { status: 'later', reason: `no answer (${error instanceof Error ? error.name : 'unknown'})` }
    }
  },
})

async function readAnswer(response: Response): Promise<Sent> {
  if (response.ok) {
    await response.body?.cancel()
    return { status: 'sent' }
  }
  const name = nameIn(await response.text())
  const reason = `HTTP ${response.status}${name === undefined ? '' : ` ${name}`}`
  const { status } = response
  const isPassing = status < 400 || status >= 500 || PASSING.includes(status) || name === CONCURRENT
  return { status: isPassing ? 'later' : 'refused', reason }
}

function nameIn(text: string): string | undefined {
  try {
    return Refusal.safeParse(JSON.parse(text)).data?.name
  } catch {
    return undefined
  }
}
