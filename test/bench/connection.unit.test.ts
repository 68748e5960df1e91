/** The load generator reads HTTP by itself: a wrong length would count one answer as another's. */
import { createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Connection, parseAnswer } from '../../bench/connection.ts'

const WHOLE = 'HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n'

const parsed = (text: string) => {
  const answer = parseAnswer(Buffer.from(text))
  return answer === null ? null : { status: answer.status, body: answer.body.toString() }
}

test('an answer with a length or with chunks is complete at its last byte, and not before', () => {
  for (const [text, status] of [
    [WHOLE, 201],
    [CHUNKED, 200],
  ] as const) {
    expect(parsed(text)).toEqual({ status, body: 'hello' })
    for (let length = 0; length < text.length; length++) expect(parsed(text.slice(0, length))).toBeNull()
  }
})

test('an answer that may have no body ends with its headers', () => {
  expect(parsed('HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n')).toEqual({ status: 304, body: '' })
  expect(() => parsed('HTTP/1.1 200 OK\r\n\r\nhello')).toThrow('no length')
})

test('requests share a connection, and one that the server ends is refused', async () => {
  const requests: string[] = []
  // The second answer comes in two parts; then the server hangs up.
  const answers = [
    (socket: Socket) => socket.write(WHOLE),
    (socket: Socket) => {
      socket.write(CHUNKED.slice(0, 60))
      setImmediate(() => socket.write(CHUNKED.slice(60)))
    },
    (socket: Socket) => socket.destroy(),
  ]
  const server = createServer((socket) =>
    socket.on('data', (bytes) => {
      requests.push(bytes.toString())
      answers[requests.length - 1]!(socket)
    }),
  )
  await new Promise<void>((resume) => server.listen(0, '127.0.0.1', resume))
  const { port } = server.address() as { port: number }
  const connection = await Connection.open(`http://127.0.0.1:${port}`)
  const call = { method: 'POST', path: '/a', headers: { 'x-a': 'b' }, body: '€' } as const
  expect((await connection.send(call)).status).toBe(201)
  expect(requests[0]).toBe(
    `POST /a HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-a: b\r\ncontent-length: 3\r\n\r\n€`,
  )
  expect((await connection.send({ ...call, method: 'GET', body: '' })).body.toString()).toBe('hello')
  await expect(connection.send(call)).rejects.toThrow()
  server.close()
})
