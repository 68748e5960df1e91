/** Calls the API, and reduces each outcome to one code. */

const ANSWER_TIMEOUT_MS = 20_000

/**
 * `code` is `ok`, `offline` if there was no response, or the code of the API's problem document. `fields` are the names
 * of the wrong fields. `body` is the response's JSON, or null.
 */
export async function callApi(path, { body, token } = {}) {
  try {
    const response = await fetch(`/api/v1${path}`, {
      method: 'POST',
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
      credentials: 'omit',
      // Browsers before 2022 do not support it and wait without a limit.
      signal: AbortSignal.timeout?.(ANSWER_TIMEOUT_MS),
    })
    const answer = await response.json().catch(() => null)
    if (response.ok) return { code: 'ok', fields: [], body: answer }
    // A proxy in front of the worker may return a page of its own, or nothing.
    return {
      code: answer?.code ?? 'internal',
      fields: (answer?.errors ?? []).map(({ path }) => path),
      body: answer,
    }
  } catch {
    return { code: 'offline', fields: [], body: null }
  }
}

/** The message for a failure that is not the input's fault, so that the user may try again. */
export const failureOf = (code) => ({
  name: { offline: 'offline', rate_limited: 'tooMany' }[code] ?? 'broke',
  again: true,
})
