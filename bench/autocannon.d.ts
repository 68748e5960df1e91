/** Types for the part of autocannon that the bench uses: the package has none. */
declare module 'autocannon' {
  interface RequestOptions {
    method?: string
    path?: string
    headers?: Record<string, string>
    body?: string
    setupRequest?: (request: RequestOptions) => RequestOptions
  }
  interface Client {
    on(event: 'response', listener: (status: number, bytes: number, ms: number) => void): void
  }
  interface Options {
    url: string
    connections: number
    duration?: number
    amount?: number
    timeout?: number
    requests: RequestOptions[]
    setupClient?: (client: Client) => void
  }
  interface Result {
    errors: number
    timeouts: number
    duration: number
  }
  export default function autocannon(options: Options): Promise<Result>
}
