/** Makes the examples of the API document work here: with ids that exist in this deployment, and times that are ahead. */

/** Stands for a new Idempotency-Key in each call. */
export const NEW_KEY = 'a-new-key-for-each-call'

const DAY_MS = 86_400_000
/** The site of the examples. */
const EXAMPLE_ORIGIN = 'https://tombola.example'
/** The day on which the raffle of the examples opens. */
const EXAMPLE_DAY = Date.UTC(2026, 10, 20)
/** Examples that are sent lie ten years ahead, because the API refuses times that are past. */
const FAR_YEAR = /^2036/
const EXAMPLE_YEAR = '2026'
/** A date that is followed by a time. A date by itself stays. */
const DATE_OF_INSTANT = /\b\d{4}-\d\d-\d\d(?=T\d\d:\d\d)/g

/** The ids of the document's examples all end alike. */
const exampleId = (prefix) => `${prefix}_01kaf1q7v8fmk9m2q0c8w1g6ne`

/** A raffle that anybody may buy tickets of, in the way of the examples: any numbers, for money. */
export const openRaffle = (raffles) =>
  raffles.find(
    ({ ticketPrice, numbering, entry, entrants, challenge, available }) =>
      ticketPrice.amount > 0 &&
      numbering !== 'chosen' &&
      entry === 'purchase' &&
      entrants === 'anyone' &&
      challenge === 'none' &&
      available > 10,
  ) ?? raffles[0]

/** Routes that need a raffle of another kind, by what their address ends with. */
const RAFFLE_OF_ROUTE = [
  [/\/raffles\/\{id\}\/(proof|winners|recalculate)(\/|$)/, 'drawn'],
  [/\/raffles\/\{id\}\/numbers$/, 'chosen'],
  [/\/raffles\/\{id\}\/grants/, 'earned'],
]

/** The first published event that sells tickets now, and the first ticket type of it that does. */
export function openEvent(events) {
  for (const event of events) {
    const type = event.ticketTypes.find(({ sale }) => sale === 'open')
    if (event.status === 'published' && type !== undefined) return { event, type }
  }
  return { event: events[0], type: events[0]?.ticketTypes[0] }
}

/**
 * The text of the document with the ids of `found`, each of which may be missing, with times after `now`, and with `origin`
 * as the site that a payer returns to.
 */
export function exampleText(text, found, now, origin) {
  const { raffle, event, type, product, category, series, winner } = found
  const ids = {
    raffle: raffle?.id,
    event: event?.id,
    ttype: type?.id,
    org: product?.organisationId ?? raffle?.organisation.id,
    prod: product?.id,
    cat: product?.categoryId ?? category?.id,
    series: series?.id,
    winner: winner?.id,
  }
  const days = Math.ceil((now.getTime() - EXAMPLE_DAY) / DAY_MS)
  const later = (date) =>
    new Date(Date.parse(date.replace(FAR_YEAR, EXAMPLE_YEAR)) + days * DAY_MS).toISOString().slice(0, 10)
  let changed = text.replaceAll(DATE_OF_INSTANT, later).replaceAll(EXAMPLE_ORIGIN, origin)
  for (const [prefix, id] of Object.entries(ids)) {
    if (id != null) changed = changed.replaceAll(exampleId(prefix), id)
  }
  const document = JSON.parse(changed)
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    const kind = RAFFLE_OF_ROUTE.find(([route]) => route.test(path))?.[1]
    const id = found[kind]?.id
    if (id === undefined) continue
    for (const { parameters = [] } of Object.values(operations)) {
      for (const parameter of parameters) if (parameter.name === 'id') parameter.example = id
    }
  }
  const key = document.components?.parameters?.IdempotencyKey
  if (key !== undefined) key.example = NEW_KEY
  return JSON.stringify(document)
}
