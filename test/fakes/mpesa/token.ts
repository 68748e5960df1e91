/** `GET /oauth/v1/generate`: access tokens, which every other request needs. */
import { json, Refusal } from './refusal.ts'
import type { MpesaSettings } from './settings.ts'

const TOKEN_SECONDS = 3_599

export class Tokens {
  readonly #until = new Map<string, number>()

  give(request: Request, settings: MpesaSettings): Response {
    const { MPESA_CONSUMER_KEY: key, MPESA_CONSUMER_SECRET: secret } = settings
    if (new URL(request.url).searchParams.get('grant_type') !== 'client_credentials') {
      throw new Refusal(400, '400.008.02', 'Invalid grant type passed')
    }
    if (request.headers.get('authorization') !== `Basic ${btoa(`${key}:${secret}`)}`) {
      throw new Refusal(400, '400.008.01', 'Invalid Authentication passed')
    }
    const token = crypto.randomUUID().replaceAll('-', '')
    this.#until.set(token, Date.now() + TOKEN_SECONDS * 1_000)
    return json(200, { access_token: token, expires_in: String(TOKEN_SECONDS) })
  }

  /** Throws unless the request has a token that is valid. `isExpired`: its token expires now. */
  check(request: Request, isExpired: boolean): void {
    const token = (request.headers.get('authorization') ?? '').replace(/^Bearer /, '')
    if (isExpired) this.#until.delete(token)
    if ((this.#until.get(token) ?? 0) <= Date.now()) {
      throw new Refusal(401, '404.001.03', 'Invalid Access Token')
    }
  }
}
