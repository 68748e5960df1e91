/** The first door that purchases are compared with: what the runtime and Hono can do at all. */
import { Hono } from 'hono'

const app = new Hono()
app.post('/hello', (c) => c.text('hello'))

export default app
