/** A rate limit like the platform's: `limit` requests per key, in a period that never ends. */
export function limiter(limit: number): RateLimit {
  const counts = new Map<string, number>()
  return {
    async limit({ key }) {
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return { success: count <= limit }
    },
  }
}
