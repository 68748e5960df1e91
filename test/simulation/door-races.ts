// Two requests about one admission, of which the second comes in just before the first one's write: never do both succeed.
import { env } from 'cloudflare:workers'
import type { Answer } from '../harness/client.ts'
import type { Person } from '../harness/people.ts'
import { interrupted } from '../raffles/scenario.ts'
import { scan, showCodes } from './door-moves.ts'
import { type ChooseOf, type Code, type Event, pickSold, type Sold } from './event-stage.ts'
import { accept, offer } from './gift-moves.ts'
import type { World } from './world.ts'

interface Race {
  world: World
  event: Event
  person: Person
  code: Code
  /** Somebody else. */
  other: Person
  key: string
}

/** Sends its request. `DB`: over this database. Null: it cannot be asked here. */
type Rival = (race: Race) => Promise<((DB?: D1Database) => Promise<Answer>) | null>

interface Rivalry {
  /** The write before which the door comes in. */
  write: RegExp
  /** Which tickets it may be about. Default: those that nobody is in with. */
  suits?: (sold: Sold) => boolean
  prepare: Rival
}

const RIVALS: Record<string, Rivalry> = {
  'another gate': {
    write: /insert into "check_ins"/i,
    prepare:
      async ({ world, event, code, key }) =>
      (DB) =>
        scan(world, event, code, `${key}.2`, DB),
  },
  'a return': {
    write: /insert into "ticket_returns"/i,
    suits: ({ type, isIn }) => type.isFree && !isIn,
    prepare:
      async ({ world, person, code }) =>
      (DB) =>
        world.call(
          person,
          'POST',
          `/tickets/${code.reservationId}/return`,
          { numbers: [code.number] },
          { DB },
        ),
  },
  'an acceptance': {
    write: /update "ticket_transfers"/i,
    async prepare({ world, event, person, code, other }) {
      const gift = await offer(world, event, { from: person, to: other, ...code })
      return gift === undefined ? null : (DB) => accept(world, gift, other, DB)
    },
  },
  'a refund to the buyer': {
    write: /insert into "refunds"/i,
    suits: ({ type, isIn }) => !type.isFree && !isIn,
    async prepare({ world, person, code, key }) {
      const line = await env.DB.prepare(
        'SELECT order_id AS orderId, line FROM order_lines WHERE reservation_id = ?',
      )
        .bind(code.reservationId)
        .first<{ orderId: string; line: number }>()
      if (line === null) return null
      const body = { reason: 'I cannot come then.', lines: [{ line: line.line, numbers: [code.number] }] }
      return (DB) => world.call(person, 'POST', `/orders/${line.orderId}/refunds`, body, { key, DB })
    },
  },
}

const isDone = ({ status }: Answer): boolean => status < 300

export const racesAtTheDoor: ChooseOf = (world, event) => {
  const name = world.pick([...Object.keys(RIVALS), 'a refund to the buyer', 'an acceptance'])!
  const other = world.pick(world.buyers)!
  const place = world.below(60)
  const isDoorFirst = world.chance(50)
  const key = world.newKey()
  const { write, suits, prepare } = RIVALS[name]!
  return {
    says: `the door${isDoorFirst ? ', and in between' : ' in between'} ${name}`,
    run: async () => {
      const sold = await pickSold(world, event, place, suits ?? (({ isIn }) => !isIn))
      const [code] = sold === undefined ? [] : await showCodes(world, event, sold)
      if (code === undefined) return
      const rival = await prepare({ world, event, person: sold!.person, code, other, key })
      if (rival === null) return
      const atDoor = (DB?: D1Database) => scan(world, event, code, `${key}.1`, DB)
      const [slow, quick] = isDoorFirst ? [atDoor, rival] : [rival, atDoor]
      let second: Answer | undefined
      const { DB } = interrupted(isDoorFirst ? /insert into "check_ins"/i : write, async () => {
        second = await quick()
      })
      const first = await slow(DB)
      if (second === undefined) return
      world.count(`race with ${name}`)
      if (isDone(first) && isDone(second)) world.wrong.push(`${name} and the door both had ${code.number}`)
    },
  }
}
