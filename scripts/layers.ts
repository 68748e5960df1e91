/**
 * The layers of `src/`, lowest first, and what each folder may import. `npm run layers` turns this table into the
 * linter's rules. A folder without a row may import nothing, and nothing may import it.
 */

export interface Layer {
  folder: string
  is: string
  /** The folders it may import beside its own; no folder may import the routes of another. */
  imports: readonly string[]
}

const EVERYTHING_ABOVE = '*'

// biome-ignore format: a table is read by its columns
const TABLE: [folder: string, is: string, imports: string][] = [
  ['core',       'settings, errors, ids, money, time: no word of any domain',            ''],
  ['rdp1',       'the draw protocol: pure, so that a browser can run it',                ''],
  ['audit',      'one statement that writes an audit row, batched with the change',     'core'],
  ['accounts',   'users, organisations, roles and keys; mail as an outbox',              'core audit'],
  ['money',      'the books: ledger, tables of money; one port for all providers',       'core audit accounts'],
  ['catalog',    'categories, products, stock and its holds',                            'core audit accounts money'],
  ['tickets',    'numbers: the pool, its Durable Object, reservations',                  'core rdp1 accounts'],
  ['lotteries',  'official draws and their results, recorded and confirmed',             'core audit accounts'],
  ['events',     'events and the ticket types that they sell',                          'core audit accounts money catalog tickets'],
  ['raffles',    'terms, life cycle, series, templates, economics',                      'core rdp1 audit accounts money catalog tickets lotteries events'],
  ['search',     'an index of events, raffles and products, in a database of its own',   'core catalog events raffles'],
  ['grants',     'entries that orders and admissions earn',                              'core accounts tickets events raffles'],
  ['orders',     'the record of an order: rows, lines, history, fulfilment',             'core rdp1 accounts money catalog tickets events raffles grants'],
  ['refunds',    'money back: reserve, take back, send; cancelled sales',                'core audit accounts money tickets events raffles grants orders'],
  ['payments',   'money in: start, poll, settle, disputes, work of operators',           'core audit accounts money events grants orders refunds'],
  ['checkout',   'buying: place, pay again, cancel, expire; settle before the freeze',   'core accounts money catalog tickets raffles orders payments'],
  ['suspensions','what a suspended person holds: voided, refunded, cancelled',            'core accounts tickets events grants orders refunds checkout'],
  ['draws',      'beacon, draw, winners, claims, redraws',                               'core rdp1 audit accounts money tickets lotteries events raffles refunds'],
  ['entrants',   'who takes part, for organisers: a list and a file, with names',        'core audit accounts tickets raffles draws'],
  ['admissions', 'what lets a person in: codes, names, check-in, transfers',             'core rdp1 audit accounts money tickets events orders'],
  ['payouts',    'money out to winners, organisers and shops',                           'core audit accounts money events raffles refunds draws'],
  ['accounting', 'what the ledger says: balances, top-ups, trial balance',               'core audit accounts money events raffles payouts'],
  ['webhooks',   'verify, store, act, replay',                                           'core accounts money orders refunds payments payouts'],
  ['sandbox',    'the outside world of the sandbox: its checkout page, its webhooks',    'core money webhooks'],
  ['insights',   'what is watched: health, sweeps',                                      EVERYTHING_ABOVE],
  ['web',        'pages and static files: forms call verbs, never a table',              EVERYTHING_ABOVE],
]

export const LAYERS: readonly Layer[] = TABLE.map(([folder, is, imports], row) => ({
  folder,
  is,
  imports:
    imports === EVERYTHING_ABOVE
      ? TABLE.slice(0, row).map(([above]) => above)
      : imports.split(' ').filter((name) => name !== ''),
}))
