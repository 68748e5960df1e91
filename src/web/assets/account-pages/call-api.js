/** Asks the API under /api/v1/auth, and says what came of it in one word. */

const ANSWER_TIMEOUT_MS = 20_000

/**
 * `code` is `ok`, `offline` where no answer came, or the code of the API's problem document; `fields` are the names of
 * the fields that it complains of; `body` is what the API answered, if anything.
 */
export async function ask(path, { body, token } = {}) {
  try {
    const response = await fetch(`/api/v1/auth${path}`, {
      method: 'POST',
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
      credentials: 'omit',
      // Browsers of before 2022 do not have it: they wait as long as they like.
      signal: AbortSignal.timeout?.(ANSWER_TIMEOUT_MS),
    })
    const answer = await response.json().catch(() => null)
    if (response.ok) return { code: 'ok', fields: [], body: answer }
    // What stands in front of the worker answers with a page of its own, or nothing.
    return {
      code: answer?.code ?? 'internal',
      fields: (answer?.errors ?? []).map(({ path }) => path),
      body: answer,
    }
  } catch {
    return { code: 'offline', fields: [], body: null }
  }
}

/** What is wrong where asking failed for no fault of what was asked: the same may be asked again. */
export const failureOf = (code) => ({
  name: { offline: 'offline', rate_limited: 'tooMany' }[code] ?? 'broke',
  again: true,
})
