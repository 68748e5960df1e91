/** The API page: Swagger UI on /openapi.json, in the system's colours. A login call signs the page in. */
import { exampleText, NEW_KEY, openEvent, openRaffle } from '/docs-examples.js'

const dark = matchMedia('(prefers-color-scheme: dark)')
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
followSystem()
dark.addEventListener('change', followSystem)

/** Calls that return an access token. */
const TOKEN_PATHS = ['/api/v1/auth/login', '/api/v1/auth/refresh']
const LOGOUT_PATH = '/api/v1/auth/logout'
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]']

const notice = document.getElementById('notice')
const demo = document.getElementById('demo')
if (demo !== null) demo.hidden = !LOCAL_HOSTS.includes(location.hostname)

let ui
try {
  const [text, found] = await Promise.all([read('/openapi.json'), whatIsHere()])
  ui = window.SwaggerUIBundle({
    spec: JSON.parse(exampleText(text, found, new Date(), location.origin)),
    dom_id: '#api',
    deepLinking: true,
    docExpansion: 'none',
    defaultModelsExpandDepth: -1,
    defaultModelRendering: 'example',
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    // The token is kept only while the page is open, not in the browser's storage.
    persistAuthorization: false,
    requestInterceptor: chooseKey,
    responseInterceptor: keepToken,
    onComplete: () => notice?.remove(),
  })
} catch (error) {
  notice.textContent = `The API document could not be read: ${error.message}`
}

async function read(path) {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
  return response.text()
}

/** The first of each public list, for the examples. A list that cannot be read leaves the examples as they are. */
async function whatIsHere() {
  const first = async (query) => {
    try {
      return JSON.parse(await read(`/api/v1/${query}`)).data
    } catch {
      return []
    }
  }
  const [raffles, [drawn], events, products, [category], [series], [winner]] = await Promise.all([
    first('raffles?status=open&limit=100'),
    first('raffles?status=drawn,settled&limit=1'),
    first('events?limit=20'),
    first('products?inStock=true&kind=book&limit=1'),
    first('categories?limit=1'),
    first('series?limit=1'),
    first('winners?limit=1'),
  ])
  return {
    raffle: openRaffle(raffles),
    chosen: raffles.find(({ numbering }) => numbering === 'chosen'),
    earned: raffles.find(({ entry }) => entry === 'order'),
    drawn,
    ...openEvent(events),
    product: products[0],
    category,
    series,
    winner,
  }
}

/** A repeat under the same Idempotency-Key would show the first answer again. So each call gets a key of its own. */
function chooseKey(request) {
  for (const name of Object.keys(request.headers)) {
    if (request.headers[name] === NEW_KEY) request.headers[name] = crypto.randomUUID()
  }
  return request
}

function keepToken(response) {
  const { pathname } = new URL(response.url, location.href)
  if (response.ok && TOKEN_PATHS.includes(pathname) && response.body?.access_token) {
    ui.preauthorizeApiKey('bearer', response.body.access_token)
  }
  if (response.ok && pathname === LOGOUT_PATH) ui.authActions.logout(['bearer'])
  return response
}
