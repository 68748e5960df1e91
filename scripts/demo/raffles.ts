/** The demo's raffles: long ones, one that is drawn after ten minutes, and three that are drawn right after the start. */
import type * as z from 'zod'
import type { CreateRaffle } from '../../src/raffles/contract.ts'
import { PLAYER, READERS } from './people.ts'
import type { Shop } from './shop.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
export const DAY_MS = 24 * 60 * MINUTE_MS

/** Long enough for the demo's entries through the API, and short enough to be drawn soon after the start. */
const SHORT_SALES_MS = 6 * SECOND_MS
const SHORT_DRAW_MS = SHORT_SALES_MS + 8 * SECOND_MS

const NOVEL = 'The Night Bus to Kisumu'
const SPEAKER = 'Sauti Mini wireless speaker'

export type RaffleInput = z.input<typeof CreateRaffle>

export interface DemoRaffle {
  input: RaffleInput
  /** The mail addresses of its entrants. */
  entrants?: readonly string[]
  /** It lasts seconds. If it closed without entries, in an interrupted run, another one is made. */
  isShort?: boolean
}

/** The fields that all demo raffles share. */
export const COMMON = {
  ticketPrice: { amount: 0, currency: 'KES' },
  winPolicy: 'perHolder',
  timeZone: 'Africa/Nairobi',
  location: 'Kilimani Books, Argwings Kodhek Road, Nairobi',
} as const satisfies Partial<RaffleInput>

const shillings = (value: number) => ({ amount: value * 100, currency: 'KES' })

export function shortRaffles(now: number, { productId, categoryId }: Shop): DemoRaffle[] {
  const readers = READERS.map(({ email }) => email)
  const short: Omit<RaffleInput, 'title' | 'prizes'> = {
    ...COMMON,
    categoryId: categoryId('Lucky draws'),
    tags: ['free', 'opening night'],
    maxPerUser: 1,
    totalTickets: 100,
    numbering: 'random',
    opensAt: new Date(now - MINUTE_MS).toISOString(),
    closesAt: new Date(now + SHORT_SALES_MS).toISOString(),
    drawAt: new Date(now + SHORT_DRAW_MS).toISOString(),
  }
  return [
    {
      isShort: true,
      entrants: [PLAYER.email, ...readers.slice(0, 2)],
      input: {
        ...short,
        title: 'Opening night: three novels for three readers',
        description: 'As many copies as there were guests on time: whoever was there has won one.',
        prizes: [
          { title: `${NOVEL}, signed`, quantity: 3, value: shillings(1_600), productId: productId(NOVEL) },
        ],
      },
    },
    {
      isShort: true,
      entrants: [PLAYER.email, ...readers],
      input: {
        ...short,
        title: 'Opening night: the book bag',
        description: 'Five guests, one bag.',
        prizes: [
          {
            title: 'A canvas book bag',
            quantity: 1,
            value: shillings(850),
            productId: productId('Canvas book bag'),
          },
        ],
      },
    },
    {
      isShort: true,
      entrants: readers,
      input: {
        ...short,
        title: 'Opening night: a shelf of classics',
        description: 'Two bookmarks, and the classics to put them in.',
        prizes: [
          { title: 'Six classics of your choice', quantity: 1, value: shillings(6_000) },
          {
            title: 'A brass bookmark',
            quantity: 2,
            value: shillings(350),
            productId: productId('Brass bookmark'),
          },
        ],
      },
    },
  ]
}

export function longRaffles(now: number, { productId, categoryId }: Shop): DemoRaffle[] {
  const at = (ms: number) => new Date(now + ms).toISOString()
  const open = { ...COMMON, opensAt: at(-MINUTE_MS) }
  return [
    {
      input: {
        ...open,
        title: 'A year of books',
        description:
          'One free entry each. Twelve novels by East African writers, one a month, chosen by our booksellers and sent to your door.',
        categoryId: categoryId('Novels'),
        tags: ['free', 'books'],
        totalTickets: 100_000,
        maxPerUser: 1,
        numbering: 'random',
        closesAt: at(365 * DAY_MS),
        drawAt: at(366 * DAY_MS),
        prizes: [
          { title: 'A novel a month for a year', quantity: 1, value: shillings(18_000) },
          { title: 'A book voucher', quantity: 10, value: shillings(2_000) },
        ],
      },
    },
    {
      input: {
        ...open,
        title: 'Pick your number: the signed first edition',
        description:
          'A hundred numbers, yours to choose. Take up to five and tell your friends which ones are left.',
        categoryId: categoryId('Novels'),
        tags: ['free', 'chosen numbers'],
        totalTickets: 100,
        maxPerUser: 5,
        numbering: 'chosen',
        closesAt: at(180 * DAY_MS),
        drawAt: at(181 * DAY_MS),
        prizes: [{ title: 'A signed first edition', quantity: 1, value: shillings(9_500) }],
      },
    },
    {
      input: {
        ...open,
        title: `The book of the year: ${NOVEL}`,
        description:
          'KES 50 a ticket. Ten of you get the novel, signed; the first of you the headphones to hear it read as well. All of it lies ready on our shelf.',
        categoryId: categoryId('Novels'),
        tags: ['books', 'signed'],
        ticketPrice: shillings(50),
        providers: ['sandbox', 'manual'],
        totalTickets: 500,
        maxPerUser: 25,
        numbering: 'random',
        minTickets: 50,
        closesAt: at(60 * DAY_MS),
        drawAt: at(61 * DAY_MS),
        prizes: [
          {
            title: 'Sauti One headphones',
            quantity: 1,
            value: shillings(7_900),
            productId: productId('Sauti One headphones'),
          },
          { title: `${NOVEL}, signed`, quantity: 10, value: shillings(1_600), productId: productId(NOVEL) },
        ],
      },
    },
    {
      input: {
        ...open,
        title: 'The long weekend: half the pot',
        description:
          'KES 100 a ticket, up to twenty each. Half of what comes in goes to one of you, a hamper of books to another; the rest keeps our reading room open.',
        tags: ['cash', 'books'],
        ticketPrice: shillings(100),
        providers: ['sandbox', 'manual'],
        totalTickets: 1_000,
        maxPerUser: 20,
        numbering: 'random',
        rakeBps: 500,
        closesAt: at(90 * DAY_MS),
        drawAt: at(91 * DAY_MS),
        prizes: [
          { title: 'Half the pot', quantity: 1, kind: 'share', value: { shareBps: 5_000 } },
          { title: 'A hamper of books', quantity: 1, value: shillings(6_000) },
        ],
      },
    },
    {
      input: {
        ...open,
        title: 'Buy a book, win a speaker',
        description:
          'Nothing to pay and nothing to fill in: every KES 500 that you spend in our shop is an entry.',
        categoryId: categoryId('Sound'),
        tags: ['earned', 'sound'],
        entry: 'order',
        earning: { per: 'amount', amountPerEntry: 50_000, maxPerOrder: 20 },
        totalTickets: 50_000,
        numbering: 'sequential',
        closesAt: at(120 * DAY_MS),
        drawAt: at(121 * DAY_MS),
        prizes: [{ title: SPEAKER, quantity: 2, value: shillings(4_500), productId: productId(SPEAKER) }],
      },
    },
    {
      // A visitor can watch this draw.
      entrants: [PLAYER.email],
      input: {
        ...open,
        title: 'The ten-minute draw: a reading lamp',
        description:
          'Closes ten minutes after Tombola was first started, and is drawn a minute later. Watch it.',
        categoryId: categoryId('Lucky draws'),
        tags: ['free', 'soon'],
        totalTickets: 500,
        maxPerUser: 1,
        numbering: 'sequential',
        closesAt: at(10 * MINUTE_MS),
        drawAt: at(11 * MINUTE_MS),
        prizes: [
          {
            title: 'A reading lamp',
            quantity: 1,
            value: shillings(1_200),
            productId: productId('Clip-on reading lamp'),
          },
        ],
      },
    },
  ]
}
