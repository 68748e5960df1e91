/** The people of the demo: the three to sign in as, and readers who enter its first draws. */
import { call, DEMO_PASSWORD } from './call.ts'

export const DEMO_PEOPLE = [
  { email: 'admin@tombola.example', name: 'Amina Admin', does: 'runs the platform' },
  {
    email: 'operator@tombola.example',
    name: 'Otieno Operator',
    does: 'runs the shop and the raffles of Kilimani Books',
  },
  { email: 'player@tombola.example', name: 'Wanjiru Player', does: 'enters them' },
] as const
export const [ADMIN, OPERATOR, PLAYER] = DEMO_PEOPLE

export const READERS = [
  { email: 'achieng@tombola.example', name: 'Achieng Odhiambo' },
  { email: 'baraka@tombola.example', name: 'Baraka Mwangi' },
  { email: 'chebet@tombola.example', name: 'Chebet Kiplagat' },
  { email: 'daudi@tombola.example', name: 'Daudi Musyoka' },
] as const

export const register = (origin: string, { email, name }: { email: string; name: string }) =>
  call(origin, 'POST', '/auth/register', { body: { email, name, password: DEMO_PASSWORD }, accept: [409] })
