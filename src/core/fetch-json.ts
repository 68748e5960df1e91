/** Fetches JSON from a host that is not trusted: no redirects, a time limit, and a limit of bytes. */

export type FetchFailure = 'unreachable' | 'timed_out' | 'redirected' | 'failed' | 'not_json' | 'too_large'
/** A failure never has anything of the answer: it may be secret. */
export type FetchedJson = { ok: true; value: unknown } | { ok: false; why: FetchFailure }

export interface FetchLimits {
  /** For the whole answer, its body included. */
  timeoutMs: number
  /** Counted after decompression. */
  maxBytes: number
}

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

const failure = (why: FetchFailure): FetchedJson => ({ ok: false, why })

export async function fetchJson(url: string, limits: FetchLimits): Promise<FetchedJson> {
  const controller = new AbortController()
  const { promise: tooLate, resolve } = Promise.withResolvers<FetchedJson>()
  const timer = setTimeout(() => {
    resolve(failure('timed_out'))
    controller.abort()
  }, limits.timeoutMs)
  try {
    return await Promise.race([readJson(url, controller.signal, limits.maxBytes), tooLate])
  } finally {
    clearTimeout(timer)
  }
}

async function readJson(url: string, signal: AbortSignal, maxBytes: number): Promise<FetchedJson> {
  const response = await answerOf(url, signal)
  if (response === null) return failure('unreachable')
  const why = whyNotRead(response, maxBytes)
  if (why !== null) {
    await response.body?.cancel()
    return failure(why)
  }
  const bytes = await readBytes(response, maxBytes)
  return bytes instanceof Uint8Array ? parse(bytes) : failure(bytes)
}

async function answerOf(url: string, signal: AbortSignal): Promise<Response | null> {
  try {
    const headers = { accept: 'application/json', 'user-agent': 'Tombola' }
    return await fetch(url, { redirect: 'manual', cache: 'no-store', signal, headers })
  } catch {
    return null
  }
}

function whyNotRead({ status, headers }: Response, maxBytes: number): FetchFailure | null {
  if (status >= 300 && status < 400) return 'redirected'
  if (status !== 200) return 'failed'
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) return 'not_json'
  return Number(headers.get('content-length') ?? 0) > maxBytes ? 'too_large' : null
}

/** Reads no more than `maxBytes`, whatever the answer says of its length. */
async function readBytes({ body }: Response, maxBytes: number): Promise<Uint8Array | FetchFailure> {
  const bytes = new Uint8Array(maxBytes)
  let length = 0
  const reader = body?.getReader()
  try {
    for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
      if (length + read.value.byteLength > maxBytes) {
        await reader?.cancel()
        return 'too_large'
      }
      bytes.set(read.value, length)
      length += read.value.byteLength
    }
  } catch {
    return 'unreachable'
  }
  return bytes.subarray(0, length)
}

function parse(bytes: Uint8Array): FetchedJson {
  try {
    return { ok: true, value: JSON.parse(UTF_8.decode(bytes)) }
  } catch {
    return failure('not_json')
  }
}
