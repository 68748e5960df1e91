/** The API page: Swagger UI on /openapi.json, in the system's colours, signed in by the login call itself. */
const dark = matchMedia('(prefers-color-scheme: dark)')
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
followSystem()
dark.addEventListener('change', followSystem)

/** Doors that answer with an access token, or take it away. */
const TOKEN_DOORS = ['/api/v1/auth/login', '/api/v1/auth/refresh']
const LOGOUT_DOOR = '/api/v1/auth/logout'

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
  // The token lives as long as the page: nothing is left behind in the browser.
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
  if (response.ok && TOKEN_DOORS.includes(pathname) && response.body?.access_token) {
    ui.preauthorizeApiKey('bearer', response.body.access_token)
  }
  if (response.ok && pathname === LOGOUT_DOOR) ui.authActions.logout(['bearer'])
  return response
}

/** Where a door takes a form as well, JSON is offered first. */
function jsonFirst(spec) {
  const operations = Object.values(spec.paths ?? {}).flatMap((path) => Object.values(path))
  for (const { requestBody } of operations) {
    const json = requestBody?.content?.['application/json']
    if (json !== undefined) requestBody.content = { 'application/json': json, ...requestBody.content }
  }
  return spec
}
