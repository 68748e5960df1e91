import createFetchClient from 'openapi-fetch'

/** A client of one deployment; its types are in index.d.ts. */
export function createClient({ token, ...options }) {
  const client = createFetchClient(options)
  client.use({
    onRequest({ request }) {
      const present = typeof token === 'function' ? token() : token
      if (present != null && !request.headers.has('authorization')) {
        request.headers.set('authorization', `Bearer ${present}`)
      }
      return request
    },
  })
  return client
}
