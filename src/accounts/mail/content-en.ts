/** Mails in English. */
import { item, links, listIn, type MailWords, moneyIn, timeIn } from './content.ts'

const money = moneyIn('en')
const time = timeIn('en-GB')
const list = listIn('en')
const tickets = (count: number): string => (count === 1 ? '1 ticket' : `${count} tickets`)

export const EN: MailWords = {
  greeting: (name) => `Hello ${name},`,
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
        'Somebody asked for a new password for your account. The link works once, for an hour.',
        'If it was not you, ignore this mail: your password stays as it is.',
      ],
      link: { label: 'Set a new password', url: links.reset(about) },
    }),
    order_paid: (order, about) => ({
      title: 'Your payment has arrived',
      lines: [`We received ${money(order)}. Thank you! This is now yours:`, ...order.items.map(item)],
      link: { label: 'See your order', url: links.order(about, order.orderId) },
    }),
    refund_paid: (refund, about) => ({
      title: 'Your refund was sent',
      lines: [`We sent ${money(refund)} back to where it came from. It may take some days to show there.`],
      link: { label: 'See your order', url: links.order(about, refund.orderId) },
    }),
    won: ({ title, prizes, claimBy, timeZone }, about) => ({
      title: `You won: ${list(prizes)}`,
      lines: [
        `Congratulations! In the draw of “${title}” you won ${list(prizes)}.`,
        `Claim it by ${time(claimBy, timeZone)}.`,
      ],
      link: { label: 'Claim your prize', url: links.claims(about) },
    }),
    lost: ({ title, raffleId }, about) => ({
      title: `The draw of “${title}”`,
      lines: [
        `“${title}” has been drawn, and your tickets did not win this time. Thank you for taking part!`,
        'Everybody can check that the draw was fair: the proof is with the result.',
      ],
      link: { label: 'See the result', url: links.raffle(about, raffleId) },
    }),
    claim_reminder_3d: ({ title, prizes, claimBy, timeZone }, about) => ({
      title: `Three days left to claim ${list(prizes)}`,
      lines: [
        `You won ${list(prizes)} in “${title}” and have not claimed it yet.`,
        `It is yours until ${time(claimBy, timeZone)}.`,
      ],
      link: { label: 'Claim your prize', url: links.claims(about) },
    }),
    claim_reminder_1d: ({ title, prizes, claimBy, timeZone }, about) => ({
      title: `One day left to claim ${list(prizes)}`,
      lines: [
        `You won ${list(prizes)} in “${title}” and have not claimed it yet.`,
        `After ${time(claimBy, timeZone)} it is no longer yours.`,
      ],
      link: { label: 'Claim your prize', url: links.claims(about) },
    }),
    commitment: ({ title, raffleId, tickets: count, commitment, signature, drawAt, timeZone }, about) => ({
      title: `Sales are over: “${title}”`,
      lines: [
        `${tickets(count)} take part, and the draw is on ${time(drawAt, timeZone)}.`,
        'The list of tickets is now fixed. Keep this mail: with it you can prove that nothing was changed afterwards.',
        `Commitment: ${commitment}`,
        `Signature: ${signature}`,
      ],
      link: { label: 'See the raffle', url: links.raffle(about, raffleId) },
    }),
  },
}
