// Every page in Chromium, on a phone and a desktop, in light and dark. `npm run browser` runs this, `npm test` does not.
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ProcessGroup, startGroup } from '../../scripts/process-group.ts'
import { ROOT } from '../../scripts/wrangler.ts'

const PORT = process.env.PORT ?? '8787'
const ORIGIN = `http://localhost:${PORT}`
const PASSWORD = 'tombola-demo-2026'
const START_MS = 100_000
/** Chromium from CHROMIUM or from a distribution's path; otherwise Playwright looks for Chrome. */
const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)

const VIEWS = [
  { name: 'a phone, light', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { name: 'a desktop, dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
] as const

let browser: Browser
let server: ProcessGroup | undefined

beforeAll(async () => {
  if (!(await answers())) await startServer()
  const found = CHROMIUM === undefined ? { channel: 'chrome' } : { executablePath: CHROMIUM }
  browser = await chromium.launch({ ...found, args: ['--no-sandbox', '--disable-background-networking'] })
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const answers = (): Promise<boolean> =>
  fetch(`${ORIGIN}/api/v1/health`).then(
    () => true,
    () => false,
  )

/** Starts the worker like `npm start`, on the same local data. */
async function startServer(): Promise<void> {
  const lines: string[] = []
  const started = Promise.withResolvers<void>()
  server = startGroup(process.execPath, ['--no-warnings', 'scripts/start.ts'], {
    cwd: ROOT,
    env: { ...process.env, PORT },
    onLine: (line) => {
      lines.push(line)
      if (/ready in/i.test(line)) started.resolve()
    },
  })
  const late = setTimeout(() => started.reject(new Error('late')), START_MS)
  void server.ended.then(() => started.reject(new Error('ended')))
  await started.promise.catch((error) =>
    expect.fail(`Tombola did not start (${error.message}):\n${lines.join('\n')}`),
  )
  clearTimeout(late)
}

// ——— The API ———

interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: each response has its own shape, and the tests check it
  body: any
  status: number
}

async function call(method: string, path: string, body?: object, token?: string): Promise<Answer> {
  const headers: Record<string, string> = { 'idempotency-key': crypto.randomUUID() }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const response = await fetch(`${ORIGIN}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
  return { status: response.status, body: await response.json().catch(() => null) }
}

const logIn = async (email: string, password: string): Promise<Answer> =>
  call('POST', '/auth/login', { email, password })

async function register(language: 'en' | 'es'): Promise<string> {
  const email = `browser-${crypto.randomUUID()}@example.com`
  const { status } = await call('POST', '/auth/register', {
    email,
    password: PASSWORD,
    name: 'Amina',
    language,
  })
  expect(status).toBe(201)
  return email
}

/** Runs the sweep and returns the link in the latest mail to an address. */
async function linkTo(page: Page, email: string, path: string): Promise<string> {
  await fetch(`${ORIGIN}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`)
  await page.goto(`${ORIGIN}/dev/mail?to=${encodeURIComponent(email)}`)
  const link = page.locator(`a[href*="${path}"]`).first()
  return (await link.getAttribute('href'))!
}

// ——— The pages ———

describe.each(VIEWS)('on $name', ({ viewport, colorScheme }) => {
  let page: Page
  /** Script errors, console errors and requests to other origins: no page may have any. */
  let faults: string[]

  const openPage = async (locale: string): Promise<void> => {
    page = await browser.newPage({ viewport, colorScheme, locale })
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('request', (request) => {
      if (!/^data:/.test(request.url()) && !request.url().startsWith(ORIGIN)) faults.push(request.url())
    })
  }

  beforeEach(async () => {
    faults = []
    await openPage('en-US')
  })

  afterEach(async () => {
    await page.close()
    expect(faults).toEqual([])
  })

  const see = async (text: string): Promise<void> => {
    await page.getByText(text).first().waitFor()
    const [content, window] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    )
    expect(content, `the page is no wider than the window, at "${text}"`).toBeLessThanOrEqual(window)
  }

  /** The browser logs each refused call as an error; those of the test are expected. */
  const ignoreRefusals = (): void => {
    faults = faults.filter((each) => !/ (401|403|409|422) /.test(each))
  }

  /** Opens the link again. A browser does not reload a page if only its fragment changes, so a blank page comes first. */
  const openAgain = async (link: string): Promise<void> => {
    await page.goto('about:blank')
    await page.goto(link)
  }

  const openTag = (tag: string) => page.locator(`.opblock-tag[data-tag="${tag}"]`).click()

  it('the documentation shows every operation and loads nothing from other origins', async () => {
    const { paths, tags } = (await (await fetch(`${ORIGIN}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { tags: string[] }>>
      tags: { name: string }[]
    }
    const operations = Object.values(paths).flatMap((each) => Object.values(each))
    const seen: [string, number][] = []
    await page.goto(`${ORIGIN}/docs`)
    await see('The API, call by call')
    await page.locator('.opblock-tag').first().waitFor()
    expect(await page.locator('.opblock').count()).toBe(0)
    // One tag after the other: of a long page, only what is near the window is in the document.
    for (const { name } of tags) {
      await openTag(name)
      await page.locator('.opblock').first().waitFor()
      seen.push([name, await page.locator('.opblock').count()])
      await openTag(name)
    }
    expect(seen).toEqual(
      tags.map(({ name }) => [name, operations.filter((each) => each.tags.includes(name)).length]),
    )
  })

  it('the examples of the documentation work as they are', async () => {
    /** Sends the example of a call, and returns the status of the answer. */
    const send = async (method: string, path: string): Promise<string> => {
      const call = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) })
      await call.locator('.opblock-summary-path').click()
      await call.getByRole('button', { name: 'Execute' }).click()
      return (await call.locator('.live-responses-table .response-col_status').last().innerText()).slice(0, 3)
    }
    await page.goto(`${ORIGIN}/docs`)
    for (const tag of ['Signing in', 'Tickets']) await openTag(tag)
    expect(await send('post', '/api/v1/auth/login')).toBe('200')
    // The demo's player may hold unpaid tickets already.
    expect(['201', '409']).toContain(await send('post', '/api/v1/tickets/purchase'))
    expect(await send('get', '/api/v1/tickets')).toBe('200')
    ignoreRefusals()
  })

  it.each([
    ['Pay', 'paid'],
    ['Decline', 'pending'],
  ])('the sandbox’s button "%s" makes the order %s', async (button, status) => {
    const { access_token: token } = (await logIn(await register('en'), PASSWORD)).body
    const { body: found } = await call('GET', '/raffles?q=weekend')
    const line = { raffleId: found.data[0].id, quantity: 1, payment: { provider: 'sandbox' } }
    const { order } = (await call('POST', '/tickets/purchase', line, token)).body
    await page.goto(order.payment.checkoutUrl)
    await see('This is play money')
    await page.getByRole('button', { name: button, exact: true }).click()
    await page.getByRole('button', { name: button, exact: true }).waitFor({ state: 'detached' })
    await see('Sandbox.')
    expect((await call('GET', `/orders/${order.id}`, undefined, token)).body.status).toBe(status)
  })

  it('a link from a mail verifies an address, once', async () => {
    const email = await register('en')
    const link = await linkTo(page, email, '/verify-email')
    await page.goto(link)
    await see('Confirm your address')
    await page.getByRole('button', { name: 'Confirm my address' }).click()
    await see('Your address is confirmed')
    const { access_token: token } = (await logIn(email, PASSWORD)).body
    expect((await call('GET', '/users/me', undefined, token)).body.emailVerified).toBe(true)
    await openAgain(link)
    await page.getByRole('button', { name: 'Confirm my address' }).click()
    await see('This link no longer works')
    ignoreRefusals()
  })

  it('a link from a mail sets a new password once, in the reader’s language', async () => {
    const email = await register('es')
    expect((await call('POST', '/auth/forgot', { email })).status).toBeLessThan(300)
    const link = await linkTo(page, email, '/reset-password')
    await page.close()
    await openPage('es-ES')
    await page.goto(link)
    await page.getByRole('textbox').first().fill('demasiado')
    await page.locator('#choose button.go').click()
    await page.locator('#password-error:not(:empty)').waitFor()
    await page.getByRole('textbox').first().fill('password1234')
    await page.locator('#choose button.go').click()
    await see('se parece a una contraseña muy usada')
    await page.getByRole('textbox').first().fill('cuatro palabras bien juntas')
    await page.locator('#choose button.go').click()
    await page.locator('#changed:not([hidden])').waitFor()
    expect((await logIn(email, 'cuatro palabras bien juntas')).status).toBe(200)
    expect((await logIn(email, PASSWORD)).status).toBe(401)
    await openAgain(link)
    await page.getByRole('textbox').first().fill('otras cuatro palabras juntas')
    await page.locator('#choose button.go').click()
    await page.locator('#forgot:not([hidden])').waitFor()
    ignoreRefusals()
  })

  describe('an invitation', () => {
    const organise = async (): Promise<{ id: string; name: string; token: string }> => {
      const { access_token: token } = (await logIn('admin@tombola.example', PASSWORD)).body
      const name = `Kisumu Books ${crypto.randomUUID().slice(0, 8)}`
      const { body } = await call('POST', '/organisations', { name }, token)
      return { id: body.id, name, token }
    }

    /** Invites an address to an organisation, as the demo's admin, and returns the organisation's name. */
    async function invite(email: string, organisation = organise()): Promise<string> {
      const { id, name, token } = await organisation
      const path = `/organisations/${id}/invitations`
      expect((await call('POST', path, { email, role: 'operator' }, token)).status).toBe(201)
      return name
    }

    const organisationsOf = async (email: string): Promise<string[]> => {
      const { access_token: token } = (await logIn(email, PASSWORD)).body
      const { body } = await call('GET', '/organisations', undefined, token)
      return body.data.map((each: { name: string }) => each.name)
    }

    it('is accepted by the user who has its address, and by nobody else', async () => {
      const email = await register('en')
      const other = await register('en')
      const name = await invite(email)
      const link = await linkTo(page, email, '/accept-invitation')
      await page.goto(link)
      await see('You are invited')
      const signIn = async (address: string, password: string): Promise<void> => {
        await page.getByLabel('E-mail address').first().fill(address)
        await page.locator('#password').fill(password)
        await page.locator('#invitation button.go').click()
      }
      await signIn(email, 'not the password')
      await see('The e-mail address or the password is wrong.')
      await signIn(other, PASSWORD)
      await see('This invitation is for another e-mail address.')
      await signIn(email, PASSWORD)
      await see('You are a member')
      await see(name)
      expect(await organisationsOf(email)).toEqual([name])
      expect(await organisationsOf(other)).toEqual([])
      await openAgain(link)
      await signIn(email, PASSWORD)
      await see('This link no longer works')
      ignoreRefusals()
    })

    it('is accepted by somebody who registers on its page, in the reader’s language', async () => {
      const email = `browser-${crypto.randomUUID()}@example.com`
      const name = await invite(email)
      const link = await linkTo(page, email, '/accept-invitation')
      await page.close()
      await openPage('es-ES')
      await page.goto(link)
      await page.getByRole('button', { name: 'Todavía no tengo cuenta' }).click()
      await see('Crea tu cuenta')
      await page.locator('#register button.go').click()
      await see('Escribe tu nombre')
      await page.locator('#newName').fill('Zawadi Kamau')
      await page.locator('#newEmail').fill(email)
      await page.locator('#newPassword').fill('password1234')
      await page.locator('#register button.go').click()
      await see('se parece a una contraseña muy usada')
      await page.locator('#newPassword').fill(PASSWORD)
      await page.locator('#register button.go').click()
      await see('Ya formas parte')
      await see(name)
      expect(await organisationsOf(email)).toEqual([name])
      ignoreRefusals()
    })

    it('is refused in plain words to somebody with tickets that members may not have', async () => {
      const email = await register('en')
      const organisation = await organise()
      const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
      const { body: raffle } = await call(
        'POST',
        '/raffles',
        {
          organisationId: organisation.id,
          title: 'A lamp',
          ticketPrice: { amount: 0, currency: 'KES' },
          totalTickets: 10,
          numbering: 'random',
          winPolicy: 'perTicket',
          opensAt: at(-1),
          closesAt: at(1),
          drawAt: at(2),
          prizes: [{ title: 'A lamp', quantity: 1 }],
        },
        organisation.token,
      )
      expect(
        (await call('POST', `/raffles/${raffle.id}/publish`, undefined, organisation.token)).status,
      ).toBe(200)
      const { access_token: token } = (await logIn(email, PASSWORD)).body
      expect(
        (await call('POST', '/tickets/purchase', { raffleId: raffle.id, quantity: 1 }, token)).status,
      ).toBe(201)
      await invite(email, Promise.resolve(organisation))
      await page.goto(await linkTo(page, email, '/accept-invitation'))
      await page.getByLabel('E-mail address').first().fill(email)
      await page.locator('#password').fill(PASSWORD)
      await page.locator('#invitation button.go').click()
      await see('You hold tickets of a raffle that members of this organisation may not enter.')
      ignoreRefusals()
    })

    it('is not told to a stranger who tries to register its taken address', async () => {
      const email = await register('en')
      await invite(email)
      await page.goto(await linkTo(page, email, '/accept-invitation'))
      await page.getByRole('button', { name: 'I have no account yet' }).click()
      await page.locator('#newName').fill('Somebody')
      await page.locator('#newEmail').fill(email)
      await page.locator('#newPassword').fill('four other words together')
      await page.locator('#register button.go').click()
      await see('We could not sign you in.')
      ignoreRefusals()
    })
  })
})
