// The mail provider of a simulation. It accepts mails, or for a while refuses them or loses its responses.
import type { Bindings } from '../../src/core/context.ts'
import type { FakeHost } from '../fakes/host.ts'
import { connect } from '../harness/network.ts'

export const MAIL_FAULTS = ['refuses', 'is silent'] as const
export type MailFault = (typeof MAIL_FAULTS)[number]

/** Settings that the worker's own bindings lack. */
const ACCOUNT: object = {
  MAIL_URL: 'https://mail.example/send',
  MAIL_KEY: 'key-of-the-simulation',
  MAIL_FROM: 'Tombola <no-reply@tombola.example>',
}

export class Mailer implements FakeHost {
  readonly hosts = ['mail.example']
  /** Ids of the accepted mails. The provider is idempotent: it sends no mail twice. */
  readonly taken = new Set<string>()
  readonly bindings: Partial<Bindings> = ACCOUNT
  #fault: MailFault | null = null
  #until = 0

  constructor() {
    connect(this)
  }

  fail(how: MailFault, until: number): void {
    this.#fault = how
    this.#until = until
  }

  async answer({ headers }: Request): Promise<Response> {
    const fault = Date.now() < this.#until ? this.#fault : null
    if (fault === 'refuses') return new Response('{}', { status: 503 })
    this.taken.add(headers.get('idempotency-key')!)
    if (fault === 'is silent') throw new TypeError('the connection is lost')
    return new Response('{}')
  }
}
