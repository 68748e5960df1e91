/** The demo's books. */
import type { ProductInput } from './product-input.ts'

interface Book {
  category: string
  author: string
  title: string
  description: string
  /** Invented, with a valid check digit. */
  isbn13: string
  year: number
  language: string
  /** In shillings. */
  price: number
  stock: number
  tags: string[]
}

const BOOKS: readonly Book[] = [
  {
    category: 'Novels',
    author: 'Olive Schreiner',
    title: 'The Story of an African Farm',
    description: 'Three children grow up on the Karoo, and out of everything that they were taught there.',
    isbn13: '9789914730012',
    year: 2019,
    language: 'en',
    price: 1_150,
    stock: 14,
    tags: ['classic', 'africa'],
  },
  {
    category: 'Novels',
    author: 'Jane Austen',
    title: 'Pride and Prejudice',
    description: 'Five sisters, one entail, and a proud man who is wrong about nearly everybody.',
    isbn13: '9789914730029',
    year: 2021,
    language: 'en',
    price: 950,
    stock: 25,
    tags: ['classic'],
  },
  {
    category: 'Novels',
    author: 'Mary Shelley',
    title: 'Frankenstein',
    description: 'A student makes a man, and will not look at him.',
    isbn13: '9789914730036',
    year: 2018,
    language: 'en',
    price: 890,
    stock: 18,
    tags: ['classic', 'horror'],
  },
  {
    category: 'Novels',
    author: 'Fyodor Dostoevsky',
    title: 'Crime and Punishment',
    description: 'A murder on the first hundred pages, a conscience on all the others.',
    isbn13: '9789914730043',
    year: 2020,
    language: 'en',
    price: 1_450,
    stock: 9,
    tags: ['classic', 'crime'],
  },
  {
    category: 'Novels',
    author: 'Alexandre Dumas',
    title: 'Le Comte de Monte-Cristo',
    description: 'Quatorze ans de prison, un trésor, et beaucoup de patience. Texte intégral.',
    isbn13: '9789914730050',
    year: 2017,
    language: 'fr',
    price: 1_800,
    stock: 6,
    tags: ['classic', 'in French'],
  },
  {
    category: 'Novels',
    author: 'Achieng Wairimu',
    title: 'The Night Bus to Kisumu',
    description:
      'Eleven passengers, one puncture, and a suitcase that nobody will own up to. Our book of the year.',
    isbn13: '9789914730067',
    year: 2025,
    language: 'en',
    price: 1_600,
    stock: 40,
    tags: ['new', 'kenya', 'signed'],
  },
  {
    category: 'Novels',
    author: 'Tesfaye Bekele',
    title: 'A Clock That Runs on Rain',
    description: 'A watchmaker of Addis Ababa is asked to mend the town’s weather.',
    isbn13: '9789914730074',
    year: 2024,
    language: 'en',
    price: 1_400,
    stock: 12,
    tags: ['new', 'ethiopia'],
  },
  {
    category: 'History and ideas',
    author: 'W. E. B. Du Bois',
    title: 'The Souls of Black Folk',
    description: 'Fourteen essays of 1903 that have not grown old.',
    isbn13: '9789914730081',
    year: 2022,
    language: 'en',
    price: 1_250,
    stock: 11,
    tags: ['classic', 'essays'],
  },
  {
    category: 'History and ideas',
    author: 'Olaudah Equiano',
    title: 'The Interesting Narrative of the Life of Olaudah Equiano',
    description: 'A free man’s own account of how he was not one.',
    isbn13: '9789914730098',
    year: 2016,
    language: 'en',
    price: 1_100,
    stock: 8,
    tags: ['classic', 'memoir'],
  },
  {
    category: 'History and ideas',
    author: 'Mumbi Kariuki',
    title: 'Matatu: A History in Forty Routes',
    description: 'How a city moves when nobody plans it, told stop by stop.',
    isbn13: '9789914730104',
    year: 2023,
    language: 'en',
    price: 2_200,
    stock: 15,
    tags: ['new', 'kenya'],
  },
  {
    category: 'Poetry',
    author: 'Mwana Kupona binti Msham',
    title: 'Utendi wa Mwana Kupona',
    description: 'Wasia wa mama kwa binti yake, na maelezo ya maneno.',
    isbn13: '9789914730111',
    year: 2015,
    language: 'sw',
    price: 780,
    stock: 10,
    tags: ['classic', 'in Swahili'],
  },
  {
    category: 'Poetry',
    author: 'Phillis Wheatley',
    title: 'Poems on Various Subjects',
    description: 'The first book of poems by an African in English, of 1773.',
    isbn13: '9789914730128',
    year: 2021,
    language: 'en',
    price: 820,
    stock: 7,
    tags: ['classic'],
  },
  {
    category: 'For children',
    author: 'Kenneth Grahame',
    title: 'The Wind in the Willows',
    description: 'A mole, a rat, a badger, and a toad who ought not to drive.',
    isbn13: '9789914730135',
    year: 2019,
    language: 'en',
    price: 990,
    stock: 20,
    tags: ['classic', 'illustrated'],
  },
  {
    category: 'For children',
    author: 'Njeri Otieno',
    title: 'Sungura na Redio ya Babu',
    description: 'Sungura afungua redio ya babu yake, na kumkuta simba ndani.',
    isbn13: '9789914730142',
    year: 2024,
    language: 'sw',
    price: 650,
    stock: 30,
    tags: ['new', 'in Swahili', 'illustrated'],
  },
]

export const books = (): ProductInput[] =>
  BOOKS.map(({ author, isbn13, year, language, price, ...book }) => ({
    ...book,
    kind: 'book',
    status: 'active',
    price: { amount: price * 100, currency: 'KES' },
    details: { author, isbn13, publisher: 'Kilimani Press', year, language },
  }))
