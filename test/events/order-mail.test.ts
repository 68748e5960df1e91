// The mail about a paid order says when and where its events are, and where the tickets are.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { mailsTo } from '../accounts/mail/mailbox.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, HOUR, iso, sweep, useClock } from '../raffles/scenario.ts'
import { ENDS_AT, orders, STARTS_AT, stageEvent } from './event-stage.ts'

useClock()

async function mailAbout(buyer: Person): Promise<string> {
  await sweep()
  const mails = await mailsTo(buyer.email)
  expect(mails).toHaveLength(1)
  return mails[0]!.text
}

it('names the date in the event’s zone and the place, once for all ticket types', async () => {
  const { types } = await stageEvent()
  const buyer = await registerPlayer()
  await orders(buyer, [
    { ticketTypeId: types.vip, quantity: 1 },
    { ticketTypeId: types.free, quantity: 2 },
  ])
  const text = await mailAbout(buyer)
  // It begins at 12:00 UTC.
  expect(text).toMatch(/“Jazz at the Lake” begins on Tuesday,? 6 May 2031 at 15:00/)
  expect(text.match(/begins on/g)).toHaveLength(1)
  expect(text).toContain('Place: Dunga Beach, Kisumu')
  expect(text).toContain('among your tickets')
  expect(text).not.toContain('who comes with each ticket')
})

it('says that an event is online, and that names are missing, in the reader’s language', async () => {
  const { types } = await stageEvent({ place: null, attendeeNames: 'required', timeZone: 'Europe/Madrid' })
  const buyer = await registerPlayer()
  await env.DB.prepare(`UPDATE users SET language = 'es' WHERE id = ?`).bind(buyer.id).run()
  await orders(buyer, [{ ticketTypeId: types.vip, quantity: 1 }])
  const text = await mailAbout(buyer)
  expect(text).toMatch(/«Jazz at the Lake» empieza el martes, 6 de mayo de 2031, 14:00/)
  expect(text).toContain('Es en línea.')
  expect(text).toContain('Indica allí quién viene con cada entrada')
})

it('says the present date of an event that was postponed, and none of one that was cancelled', async () => {
  const staged = await stageEvent()
  const [early, late] = [await registerPlayer(), await registerPlayer()]
  const line = { ticketTypeId: staged.types.regular, quantity: 1 }
  await orders(early, [line])
  const times = { startsAt: iso(STARTS_AT + 72 * HOUR), endsAt: iso(ENDS_AT + 72 * HOUR) }
  const body = { ...times, reason: 'A storm is forecast.' }
  expect((await as(staged.operator, 'POST', `/events/${staged.id}/postpone`, body)).status).toBe(200)
  await sweep()
  const [mail] = (await mailsTo(early.email)).filter(({ title }) => title === 'Your payment has arrived')
  expect(mail!.text).toContain('9 May 2031')
  await orders(late, [line])
  const reason = { reason: 'The stage is flooded.' }
  expect((await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, reason)).status).toBe(200)
  await sweep()
  const paid = (await mailsTo(late.email)).find(({ title }) => title === 'Your payment has arrived')
  expect(paid!.text).not.toContain('begins on')
})
