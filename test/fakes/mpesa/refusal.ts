/** Daraja's answers that are no success. */

export const json = (status: number, body: unknown): Response => Response.json(body, { status })

export class Refusal extends Error {
  readonly status: number
  readonly errorCode: string

  constructor(status: number, errorCode: string, message: string) {
    super(message)
    this.status = status
    this.errorCode = errorCode
  }
}

export const badRequest = (what: string) => new Refusal(400, '400.002.02', `Bad Request - Invalid ${what}`)

export const errorAnswer = ({ status, errorCode, message }: Refusal): Response =>
  json(status, { requestId: crypto.randomUUID(), errorCode, errorMessage: message })

export const internalError = (): Response =>
  new Response('<html><body>Internal Server Error</body></html>', {
    status: 500,
    headers: { 'content-type': 'text/html' },
  })
