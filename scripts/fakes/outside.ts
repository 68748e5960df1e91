/** What `npm run fakes` serves for one provider: its API, and a page on which a person plays its other side. */
export interface Outside {
  title: string
  /** The address of the page. */
  page: string
  /** The settings that point `npm start` at it. */
  settings: Readonly<Record<string, string>>
  /** The path begins after the provider's name. Throws where the provider would lose the answer. */
  answer(request: Request): Promise<Response>
}

/** What a page or a script posts. */
export type Posted = Record<string, unknown>

/** Null: it is no JSON object. Another site could let a browser post a form here, but never JSON. */
export async function readPosted(request: Request): Promise<Posted | null> {
  if (!request.headers.get('content-type')?.startsWith('application/json')) return null
  const body: unknown = await request.json().catch(() => null)
  return typeof body === 'object' && body !== null ? Object.fromEntries(Object.entries(body)) : null
}

export const notJson = (): Response =>
  Response.json({ error: 'the body must be a JSON object' }, { status: 415 })

export const isOneOf = <Each extends string>(all: readonly Each[], value: unknown): value is Each =>
  all.some((each) => each === value)

const SHOWN = 30

/** The newest first. */
export class Log {
  readonly lines: string[] = []

  note(text: string): void {
    this.lines.unshift(`${new Date().toISOString().slice(11, 19)} ${text}`)
    this.lines.length = Math.min(this.lines.length, SHOWN)
  }
}
