// How people of an event give admissions to each other: they offer, accept, decline and cancel.
import type { Person } from '../harness/people.ts'
import { type ChooseOf, type Event, type Gift, outcome, pickSold } from './event-stage.ts'
import { times } from './step.ts'
import type { World } from './world.ts'

interface Ticket {
  reservationId: string
  number: number
}

export async function offer(
  world: World,
  event: Event,
  { from, to, reservationId, number }: Ticket & { from: Person; to: Person },
): Promise<Gift | undefined> {
  const path = `/tickets/${reservationId}/admissions/${number}/transfer`
  const answer = await world.call(from, 'POST', path, { email: to.email })
  world.note(`  offered → ${outcome(answer)}`)
  if (answer.status !== 201) return undefined
  world.count('ticket offered')
  const expiresAt = Date.parse(answer.body.expiresAt)
  const gift = {
    id: answer.body.id,
    from,
    to,
    reservationId,
    number,
    expiresAt,
    isAccepted: false,
    isOver: false,
  }
  event.gifts.push(gift)
  return gift
}

export const offersTicket: ChooseOf = (world, event) => {
  const to = world.pick(world.buyers)!
  const place = world.below(60)
  const count = world.chance(20) ? 2 : 1
  return {
    says: `offer an admission to somebody ×${count}`,
    run: async () => {
      const sold = await pickSold(world, event, place)
      if (sold === undefined) return
      const { person: from, reservationId, numbers } = sold
      const number = numbers[place % numbers.length]!
      await times(count, () => offer(world, event, { from, to, reservationId, number }))
    },
  }
}

/** Only whoever has the address may accept, and only in time. */
export async function accept(world: World, gift: Gift, person: Person, DB?: D1Database) {
  const wasAccepted = gift.isAccepted
  const answer = await world.call(person, 'POST', `/tickets/transfers/${gift.id}/accept`, undefined, { DB })
  world.note(`  accepted → ${outcome(answer)}`)
  if (answer.status !== 200) return answer
  world.count('ticket accepted')
  gift.isAccepted = true
  gift.isOver = true
  if (person.id !== gift.to.id) world.wrong.push(`${gift.id} was accepted by somebody else`)
  if (!wasAccepted && Date.now() >= gift.expiresAt) world.wrong.push(`${gift.id} was accepted after its end`)
  return answer
}

const ANSWERS = ['accept', 'accept', 'accept', 'accept', 'decline', 'cancel'] as const

export const answersOffer: ChooseOf = (world, event) => {
  const back = Math.min(world.below(5), world.below(5))
  const isOpen = world.chance(80)
  const answer = world.pick(ANSWERS)!
  const stranger = world.chance(15) ? world.pick(world.buyers)! : null
  const count = 1 + world.below(2)
  return {
    says: `${answer} an offered admission ×${count}${stranger === null ? '' : ' as somebody else'}`,
    run: async () => {
      const gifts = isOpen ? event.gifts.filter(({ isOver }) => !isOver) : event.gifts
      const gift = gifts.at(-1 - Math.min(back, gifts.length - 1))
      if (gift === undefined) return
      if (answer === 'accept') {
        await times(count, () => accept(world, gift, stranger ?? gift.to))
        return
      }
      const person = stranger ?? (answer === 'decline' ? gift.to : gift.from)
      await times(count, async () => {
        const sent = await world.call(person, 'POST', `/tickets/transfers/${gift.id}/${answer}`)
        world.note(`  ${answer} → ${outcome(sent)}`)
        if (sent.status === 204) world.count(`offered ticket: ${answer}`)
        if (sent.status === 204) gift.isOver = true
        const may = answer === 'decline' ? gift.to : gift.from
        if (sent.status === 204 && person.id !== may.id)
          world.wrong.push(`${gift.id}: somebody else could ${answer} it`)
      })
    },
  }
}
