/** Mails in English. */
import { item, links, listIn, type MailWords, moneyIn, timeIn } from './content.ts'
import type { Admitted } from './kinds.ts'

const money = moneyIn('en')
const time = timeIn('en-GB')
const list = listIn('en')
const METHODS = { phone: 'A phone number', bank: 'A bank account', account: 'An account' }
const tickets = (count: number): string => (count === 1 ? '1 ticket' : `${count} tickets`)

/** When and where the events are, and where the tickets are. */
function admitted(events: readonly Admitted[]): string[] {
  if (events.length === 0) return []
  return [
    ...events.flatMap(({ title, startsAt, timeZone, place }) => [
      `“${title}” begins on ${time(startsAt, timeZone)}.`,
      place === null ? 'It is online. Its link is with your tickets.' : `Place: ${place}`,
    ]),
    'Your tickets and their codes are where you bought them, among your tickets. Each code lets one person in.',
    ...(events.some(({ needsNames }) => needsNames)
      ? ['Say there who comes with each ticket: before that, it has no code.']
      : []),
  ]
}

export const EN: MailWords = {
  greeting: (name) => `Hello ${name},`,
  greetingWithoutName: 'Hello,',
  footer: 'You get this mail because you have an account with Tombola.',
  mails: {
    verify_email: (_, about) => ({
      title: 'Verify your e-mail address',
      lines: [
        'Please confirm that this address is yours. The link works once, for three days.',
        'If you have not registered, ignore this mail.',
      ],
      link: { label: 'Verify my address', url: links.verify(about) },
    }),
    reset_password: (_, about) => ({
      title: 'Set a new password',
      lines: [
        'Someone requested a new password for your account. The link works once, for an hour.',
        'If it was not you, ignore this mail: your password stays as it is.',
      ],
      link: { label: 'Set a new password', url: links.reset(about) },
    }),
    suspended: () => ({
      title: 'Your account is suspended',
      lines: [
        'You are signed out everywhere, and your orders that were not paid are cancelled.',
        'Your tickets of draws whose list of tickets is not fixed yet, and of events that are not over, are cancelled. What you paid for them is refunded.',
        'Your tickets of other draws stay in their lists.',
      ],
    }),
    address_taken: (_, about) => ({
      title: 'You already have an account',
      lines: [
        'Somebody tried to register with this e-mail address, but it has an account already.',
        'If it was you, log in with your password, or set a new one. The link works once, for an hour.',
        'If it was not you, ignore this mail: nothing has changed.',
      ],
      link: { label: 'Set a new password', url: links.reset(about) },
    }),
    invitation: ({ organisation }, about) => ({
      title: `${organisation} invites you`,
      lines: [
        `${organisation} invites you to run its raffles and its shop as an operator.`,
        'If you have no account yet, register with this e-mail address first. Then open the link and accept.',
        'The link works once, for seven days. If you do not want this, ignore this mail: nothing happens without you.',
      ],
      link: { label: 'See the invitation', url: links.accept(about) },
      footer: `You get this mail because ${organisation} entered your e-mail address.`,
    }),
    order_paid: (order) => ({
      title: order.amount === 0 ? 'Your order is confirmed' : 'Your payment has arrived',
      lines: [
        order.amount === 0
          ? 'Your order costs nothing. This is now yours:'
          : `We received ${money(order)}. Thank you! This is now yours:`,
        ...order.items.map(item),
        ...admitted(order.events),
        `Order: ${order.orderId}`,
      ],
    }),
    refund_paid: ({ items = [], cancelled, waiting, ...refund }) => ({
      title:
        cancelled === undefined
          ? 'Your refund was sent'
          : `Cancelled and refunded: ${list(items.map(({ title }) => `“${title}”`))}`,
      lines: [
        ...(cancelled === undefined
          ? []
          : [`The ${cancelled} is cancelled. Your tickets are no longer valid.`]),
        `We sent ${money(refund)} back the same way that you paid. It may take a few days to arrive.`,
        ...(waiting === 0 ? [] : [`${money({ ...refund, amount: waiting })} more is on its way.`]),
        ...(items.length === 0 ? [] : ['It is for:', ...items.map(item)]),
        ...(refund.reason === undefined ? [] : [`Reason: ${refund.reason}`]),
        `Order: ${refund.orderId}`,
      ],
    }),
    won: ({ title, raffleId, prizes, claimBy, timeZone }, about) => ({
      title: `You won: ${list(prizes)}`,
      lines: [
        `Congratulations! In the draw of “${title}” you won ${list(prizes)}.`,
        `Claim it where you took part, by ${time(claimBy, timeZone)}.`,
        `Raffle: ${raffleId}`,
      ],
      link: { label: 'Go to the raffle', url: links.claim(about, raffleId) },
    }),
    result_corrected: ({ title, raffleId, reason }) => ({
      title: `The result of “${title}” was corrected`,
      lines: [
        `The lottery that decides “${title}” corrected its result: ${reason}`,
        'So the prize that we wrote to you about is not yours any more. If the corrected result gives you a prize, you get another mail.',
        'Anyone can check the result: the proof shows both.',
        `Raffle: ${raffleId}`,
      ],
    }),
    lost: ({ title, raffleId }) => ({
      title: `The draw of “${title}”`,
      lines: [
        `“${title}” has been drawn, and your tickets did not win this time. Thank you for taking part!`,
        'Anyone can check that the draw was fair: the proof is with the result.',
        `Raffle: ${raffleId}`,
      ],
    }),
    claim_reminder_3d: ({ title, raffleId, prizes, claimBy, timeZone }, about) => ({
      title: `Three days left to claim ${list(prizes)}`,
      lines: [
        `You won ${list(prizes)} in “${title}” and have not claimed it yet.`,
        `Claim it where you took part: it is yours until ${time(claimBy, timeZone)}.`,
        `Raffle: ${raffleId}`,
      ],
      link: { label: 'Go to the raffle', url: links.claim(about, raffleId) },
    }),
    claim_reminder_1d: ({ title, raffleId, prizes, claimBy, timeZone }, about) => ({
      title: `One day left to claim ${list(prizes)}`,
      lines: [
        `You won ${list(prizes)} in “${title}” and have not claimed it yet.`,
        `Claim it where you took part: after ${time(claimBy, timeZone)} it is no longer yours.`,
        `Raffle: ${raffleId}`,
      ],
      link: { label: 'Go to the raffle', url: links.claim(about, raffleId) },
    }),
    commitment: (
      { title, raffleId, tickets: count, commitment, signature, drawAt, timeZone },
      { writtenAt },
    ) => ({
      title: `Sales are over: “${title}”`,
      lines: [
        ...(writtenAt < drawAt
          ? [
              `${tickets(count)} ${count === 1 ? 'takes' : 'take'} part, and the draw is on ${time(drawAt, timeZone)}.`,
              'The list of tickets is now fixed. Keep this mail: with it you can prove that nothing was changed afterwards.',
            ]
          : [
              `${tickets(count)} took part, and the draw was on ${time(drawAt, timeZone)}.`,
              'This commitment fixed the list of tickets before the draw:',
            ]),
        `Raffle: ${raffleId}`,
        `Commitment: ${commitment}`,
        `Signature: ${signature}`,
      ],
    }),
    ticket_given: ({ transferId, title, expiresAt, timeZone }) => ({
      title: `A ticket for you: “${title}”`,
      lines: [
        `Somebody gives you a ticket to “${title}”.`,
        'To accept it, sign in with this e-mail address, or register with it first. You find the offer among your tickets.',
        `It can be accepted until ${time(expiresAt, timeZone)}. If you do not want it, ignore this mail: nothing happens without you.`,
        `Offer: ${transferId}`,
      ],
      footer: 'You get this mail because somebody entered your e-mail address.',
    }),
    tickets_offered: ({ ticketTypeId, title, quantity, until, timeZone }) => ({
      title: `${quantity === 1 ? 'A ticket is' : 'Tickets are'} free: “${title}”`,
      lines: [
        `${tickets(quantity)} of “${title}” ${quantity === 1 ? 'is' : 'are'} kept for you until ${time(until, timeZone)}.`,
        'Buy where you joined the waiting list. If you do not want them, leave the list, so that the next person gets them.',
        `Ticket type: ${ticketTypeId}`,
      ],
    }),
    payout_method_added: ({ what, payableFrom, isPayable }) => ({
      title: 'A new payout method for your prizes',
      lines: [
        `${METHODS[what]} was added to your account. Prizes in cash can be paid there.`,
        isPayable
          ? 'You have paid from this number before, so money can go there from now on.'
          : `No money goes there before ${time(payableFrom, 'UTC')}.`,
        ...(isPayable
          ? [
              'If it was not you, set a new password now. Then remove this payout method, and claim your prizes again with your own.',
            ]
          : ['If it was not you, set a new password now: that removes this payout method.']),
      ],
    }),
    stripe_account_opened: () => ({
      title: 'An account at Stripe for your prizes',
      lines: [
        'An account at Stripe was opened to receive your prizes in cash.',
        'If it was not you, set a new password now: within a day that removes the account. Later, remove it yourself.',
      ],
    }),
    payout_method_removed: ({ what, why }) => ({
      title: what === 'several' ? 'New payout methods were removed' : 'A payout method was removed',
      lines: [
        what === 'several'
          ? 'Payout methods that were added less than a day ago are removed, because your password is new.'
          : `${METHODS[what]} is no longer a payout method of your account.`,
        'Prizes that were not paid there yet wait for you: claim them again with another payout method.',
        ...(why === 'owner' ? ['If it was not you, set a new password now.'] : []),
      ],
    }),
    event_postponed: ({ title, eventId, wasStartsAt, startsAt, refundUntil, timeZone, reason }) => ({
      title: `Postponed: “${title}”`,
      lines: [
        `“${title}” was to begin on ${time(wasStartsAt, timeZone)}. It now begins on ${time(startsAt, timeZone)}.`,
        `Reason: ${reason}`,
        'Your tickets stay valid for the new date.',
        `If you cannot come, give them back where you got them. Until ${time(refundUntil, timeZone)} you get back all that you paid for them.`,
        `Event: ${eventId}`,
      ],
    }),
    event_cancelled: ({ title, eventId, startsAt, timeZone, reason }) => ({
      title: `Cancelled: “${title}”`,
      lines: [
        `“${title}”, which was to begin on ${time(startsAt, timeZone)}, is cancelled. Your tickets are no longer valid.`,
        `Reason: ${reason}`,
        `Event: ${eventId}`,
      ],
    }),
    wait_ended: ({ title, eventId, startsAt, timeZone, reason }) => ({
      title: `Cancelled: “${title}”`,
      lines: [
        `“${title}”, which was to begin on ${time(startsAt, timeZone)}, is cancelled. You waited for tickets: there will be none.`,
        `Reason: ${reason}`,
        `Event: ${eventId}`,
      ],
    }),
  },
}
