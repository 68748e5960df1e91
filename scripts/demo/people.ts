/** The people of the demo: the four to sign in as, and readers who enter its first draws. */
import { call, DEMO_PASSWORD } from './call.ts'

export const DEMO_PEOPLE = [
  { email: 'admin@tombola.example', name: 'Amina Admin', does: 'runs the platform' },
  {
    email: 'operator@tombola.example',
    name: 'Otieno Operator',
    does: 'runs the shop and the raffles of Kilimani Books',
  },
  { email: 'player@tombola.example', name: 'Wanjiru Player', does: 'enters them' },
  {
    email: 'second-admin@tombola.example',
    name: 'Salma Admin',
    does: 'confirms what takes two administrators',
  },
] as const
export const [ADMIN, OPERATOR, PLAYER, SECOND_ADMIN] = DEMO_PEOPLE

export const READERS = [
  { email: 'achieng@tombola.example', name: 'Achieng Odhiambo' },
  { email: 'baraka@tombola.example', name: 'Baraka Mwangi' },
  { email: 'chebet@tombola.example', name: 'Chebet Kiplagat' },
  { email: 'daudi@tombola.example', name: 'Daudi Musyoka' },
] as const

/** Registers a person, unless the login shows that an earlier run did: the answer of a registration does not tell. */
export async function register(origin: string, { email, name }: { email: string; name: string }) {
  const login = { email, password: DEMO_PASSWORD }
  const known = await call(origin, 'POST', '/auth/login', { body: login, accept: [401] })
  if (known.access_token !== undefined) return
  await call(origin, 'POST', '/auth/register', { body: { ...login, name } })
}
