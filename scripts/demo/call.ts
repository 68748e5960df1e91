/** Calls the API for the demo. The answers are trusted to have the contract's shapes. */

export const DEMO_PASSWORD = 'tombola-demo-2026'

export interface Call {
  token?: string
  body?: unknown
  key?: string
  /** Error statuses that mean: this was done before. */
  accept?: number[]
}

export async function call(
  origin: string,
  method: string,
  path: string,
  { token, body, key, accept = [] }: Call = {},
) {
  const response = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  if (response.ok || accept.includes(response.status)) return text === '' ? undefined : JSON.parse(text)
  throw new Error(
    `The demo could not be made: ${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`,
  )
}

export const logIn = async (origin: string, email: string): Promise<string> =>
  (await call(origin, 'POST', '/auth/login', { body: { email, password: DEMO_PASSWORD } })).access_token

/** Where the demo is made, and as which organisation and operator. */
export interface Stage {
  origin: string
  organisationId: string
  /** The operator's access token. */
  token: string
}

/** The organisation's existing objects of one kind, by name or title. */
export async function listByLabel(
  { origin, organisationId, token }: Stage,
  path: string,
  // biome-ignore lint/suspicious/noExplicitAny: an unparsed answer of the API
): Promise<Map<string, any>> {
  const { data } = await call(origin, 'GET', `${path}?limit=100&organisationId=${organisationId}`, { token })
  // The newest comes first. Of two with one label the newest counts, so it is set last.
  return new Map(
    data.toReversed().map((each: { name?: string; title?: string }) => [each.name ?? each.title, each]),
  )
}
