/**
 * `npm run fakes`: the providers' outsides on this machine, for `npm start` to be pointed at. One server plays all of them,
 * each under a path of its own. docs/payments.md says how to use it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mpesaOutside } from './fakes/mpesa.ts'
import type { Outside } from './fakes/outside.ts'
import { stripeOutside } from './fakes/stripe.ts'

const DEFAULT_PORT = 8790
const MAX_BODY_BYTES = 1_000_000

const port = Number(process.env.PORT || DEFAULT_PORT)
const origin = `http://localhost:${port}`

/** Each provider's outside, by the first part of its path. */
const OUTSIDES: Record<string, Outside> = {
  mpesa: mpesaOutside(`${origin}/mpesa`),
  stripe: stripeOutside(`${origin}/stripe`, process.env.TOMBOLA_URL ?? 'http://localhost:8787'),
}

createServer((incoming, outgoing) => {
  serve(incoming, outgoing).catch((error: unknown) => {
    console.error(error)
    // A provider whose answer is lost closes the connection.
    outgoing.destroy()
  })
})
  .on('error', (error: NodeJS.ErrnoException) => {
    console.error(
      error.code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another: PORT=8791 npm run fakes` : error,
    )
    process.exit(1)
  })
  .listen(port, () => console.log(banner()))

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = await requestOf(incoming)
  const url = new URL(request.url)
  const [, name = '', ...rest] = url.pathname.split('/')
  const outside = OUTSIDES[name]
  const response =
    outside === undefined
      ? new Response(`${banner()}\n`, { status: url.pathname === '/' ? 200 : 404 })
      : await outside.answer(new Request(`${origin}/${rest.join('/')}${url.search}`, request))
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Error('The body is too large.')
    chunks.push(chunk)
  }
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, String(value))
  }
  const method = incoming.method ?? 'GET'
  const body = method === 'GET' || method === 'HEAD' ? undefined : Buffer.concat(chunks)
  return new Request(`${origin}${incoming.url}`, { method, headers, body })
}

function banner(): string {
  const outsides = Object.values(OUTSIDES)
  const settings = outsides.flatMap((each) => Object.entries(each.settings))
  return [
    '',
    '  The fakes are running. No money moves.',
    '',
    ...outsides.map(({ title, page }) => `  ${title.padEnd(10)} ${page}`),
    '',
    '  Point Tombola at them, in another shell:',
    '',
    ...settings.map(([name, value]) => `  export ${name}='${value}'`),
    '  npm start',
    '',
  ].join('\n')
}
