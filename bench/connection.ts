/**
 * A kept-alive HTTP/1.1 connection of the load generator, which sends one request after another. A request costs about 45 µs of
 * CPU here. By autocannon or undici it costs 120 to 200 µs and by `fetch` 900 µs, and all of that is taken from the servers,
 * which share the machine (see bench/README.md).
 */
import { connect, type Socket } from 'node:net'

export interface Call {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  headers: Record<string, string>
  body?: string
}

/** `body` is valid until the connection's next request. */
export interface Answer {
  status: number
  body: Buffer
}

/** As much as most answers have, so that they are read at once. */
const READ_BYTES = 64 * 1024

export class Connection {
  readonly #socket: Socket
  readonly #host: string
  /** What has arrived of the present answer. */
  #received: Buffer | null = null
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null

  static async open(url: string): Promise<Connection> {
    const connection = new Connection(new URL(url))
    await connection.#connected
    return connection
  }

  readonly #connected: Promise<void>

  private constructor({ hostname, port, host }: URL) {
    this.#host = host
    const read = {
      buffer: Buffer.alloc(READ_BYTES),
      callback: (length: number, bytes: Uint8Array) => this.#receive(bytes as Buffer, length),
    }
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: read })
    this.#connected = new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve)
      this.#socket.once('error', reject)
    })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed the connection.')))
  }

  /** Rejects if the connection ends before the whole answer is there. The connection is of no use after that. */
  send({ method, path, headers, body = '' }: Call): Promise<Answer> {
    let request = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`
    for (const name in headers) request += `${name}: ${headers[name]}\r\n`
    if (method !== 'GET') request += `content-length: ${Buffer.byteLength(body)}\r\n`
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw new Error('The connection has ended.')
      this.#waiting = { resolve, reject }
      this.#socket.write(`${request}\r\n${body}`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(bytes: Buffer, length: number): boolean {
    const now = bytes.subarray(0, length)
    const all = this.#received === null ? now : Buffer.concat([this.#received, now])
    try {
      const answer = parseAnswer(all)
      // The buffer is used again by the next read, so what is kept must be a copy.
      this.#received = answer !== null ? null : all === now ? Buffer.from(all) : all
      if (answer !== null) this.#waiting?.resolve(answer)
    } catch (error) {
      this.#fail(error as Error)
      this.#socket.destroy()
    }
    return true
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
  }
}

/** The answer in `bytes` (RFC 9112), which begin with it; null: it is not complete. Throws if nothing tells its length. */
export function parseAnswer(bytes: Buffer): Answer | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const head = bytes.toString('latin1', 0, headEnd)
  const status = Number(head.slice(9, 12))
  const from = headEnd + 4
  if (status === 204 || status === 304) return { status, body: bytes.subarray(from, from) }
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const end = from + Number(length)
    return bytes.length < end ? null : { status, body: bytes.subarray(from, end) }
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) throw new Error(`An answer has no length:\n${head}`)
  const body = joinChunks(bytes, from)
  return body === null ? null : { status, body }
}

function joinChunks(bytes: Buffer, from: number): Buffer | null {
  const chunks: Buffer[] = []
  for (let at = from; ; ) {
    const sizeEnd = bytes.indexOf('\r\n', at)
    if (sizeEnd < 0) return null
    const size = Number.parseInt(bytes.toString('latin1', at, sizeEnd), 16)
    const start = sizeEnd + 2
    if (bytes.length < start + size + 2) return null
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
  }
}
