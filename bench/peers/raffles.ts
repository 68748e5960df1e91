/** The peers' reads, and the raffles that they read. Each read makes a query. */
import { Refused, type Row, type Store } from './store.ts'

const COUNTS = 'total, sold, taken'

export async function listRaffles(store: Store): Promise<object> {
  const rows = await store.run(
    `SELECT ${COUNTS}, page FROM raffles ORDER BY created_at DESC, id DESC LIMIT ?`,
    20,
  )
  return { data: rows.map(showRaffle) }
}

export async function readRaffle(store: Store, id: string): Promise<object> {
  return showRaffle(await findRaffle(store, id, `${COUNTS}, page`))
}

export async function readAvailability(store: Store, id: string): Promise<object> {
  return showCounts(await findRaffle(store, id, COUNTS))
}

async function findRaffle(store: Store, id: string, columns: string): Promise<Row> {
  const [row] = await store.run(`SELECT ${columns} FROM raffles WHERE id = ?`, id)
  if (row === undefined) throw new Refused(404, 'There is no such raffle.')
  return row
}

const showRaffle = (row: Row): object => ({ ...JSON.parse(row.page as string), ...showCounts(row) })

const showCounts = ({ total, sold, taken }: Row) => ({
  total,
  sold,
  held: (taken as number) - (sold as number),
  available: (total as number) - (taken as number),
})

/** The part of a raffle in the API's shape that the peer uses. */
export interface RafflePage {
  id: string
  title: string
  organisation: { id: string }
  ticketPrice: { amount: number; currency: string }
  totalTickets: number
  opensAt: string
  closesAt: string
  createdAt: string
}

export async function addRaffle(store: Store, page: RafflePage): Promise<void> {
  await store.run(
    'INSERT INTO raffles VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)',
    page.id,
    page.organisation.id,
    page.title,
    page.ticketPrice.amount,
    page.ticketPrice.currency,
    page.totalTickets,
    Date.parse(page.opensAt),
    Date.parse(page.closesAt),
    Date.parse(page.createdAt),
    JSON.stringify(page),
  )
}
