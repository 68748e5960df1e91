/** The API page: Swagger UI on /openapi.json, in the system's colours. A login call signs the page in. */
const dark = matchMedia('(prefers-color-scheme: dark)')
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
followSystem()
dark.addEventListener('change', followSystem)

/** Calls that return an access token. */
const TOKEN_PATHS = ['/api/v1/auth/login', '/api/v1/auth/refresh']
const LOGOUT_PATH = '/api/v1/auth/logout'

const ui = window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  defaultModelRendering: 'example',
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  // The token is kept only while the page is open, not in the browser's storage.
  persistAuthorization: false,
  responseInterceptor: keepToken,
  plugins: [
    {
      statePlugins: {
        spec: { wrapActions: { updateJsonSpec: (update) => (spec) => update(jsonFirst(spec)) } },
      },
    },
  ],
  onComplete: () => document.getElementById('notice')?.remove(),
})

function keepToken(response) {
  const { pathname } = new URL(response.url, location.href)
  if (response.ok && TOKEN_PATHS.includes(pathname) && response.body?.access_token) {
    ui.preauthorizeApiKey('bearer', response.body.access_token)
  }
  if (response.ok && pathname === LOGOUT_PATH) ui.authActions.logout(['bearer'])
  return response
}

/** Offers JSON first where a call also accepts a form. */
function jsonFirst(spec) {
  const operations = Object.values(spec.paths ?? {}).flatMap((path) => Object.values(path))
  for (const { requestBody } of operations) {
    const json = requestBody?.content?.['application/json']
    if (json !== undefined) requestBody.content = { 'application/json': json, ...requestBody.content }
  }
  return spec
}
