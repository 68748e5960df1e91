/** Every kind of mail, and its data. It holds no personal data: name, address and language are read when it is sent. */

type Nothing = Record<string, never>

interface AboutRaffle {
  raffleId: string
  title: string
}

interface AboutEvent {
  eventId: string
  title: string
  startsAt: number
  timeZone: string
  /** In the organiser's words. */
  reason: string
}

export interface MailData {
  verify_email: Nothing
  reset_password: Nothing
  suspended: Nothing
  address_taken: Nothing
  invitation: { invitationId: string; organisation: string }
  order_paid: {
    orderId: string
    amount: number
    currency: string
    items: { quantity: number; title: string }[]
  }
  /** `items`: what it is for; empty: money that paid for nothing. Mails of older versions lack all that may be missing. */
  refund_paid: {
    orderId: string
    amount: number
    currency: string
    reason?: string
    items?: { quantity: number; title: string }[]
    /** What was cancelled, if that is why. */
    cancelled?: 'raffle' | 'event'
  }
  won: AboutRaffle & Claim
  lost: AboutRaffle
  /** To winners whose prize goes by the corrected result of a lottery now. */
  result_corrected: AboutRaffle & { reason: string }
  claim_reminder_3d: AboutRaffle & Claim
  claim_reminder_1d: AboutRaffle & Claim
  commitment: AboutRaffle & {
    tickets: number
    commitment: string
    signature: string
    drawAt: number
    timeZone: string
  }
  /** To an address that somebody gives a ticket to. */
  ticket_given: { transferId: string; title: string; expiresAt: number; timeZone: string }
  /** To the next on a waiting list. `until` is in milliseconds. */
  tickets_offered: { ticketTypeId: string; title: string; quantity: number; until: number }
  /** `payableFrom` is in milliseconds; `isPayable`: when the mail was written, it had passed. */
  payout_method_added: { what: 'phone' | 'bank' | 'account'; payableFrom: number; isPayable: boolean }
  /** To whom it pays prizes. */
  stripe_account_opened: Nothing
  payout_method_removed: { what: 'phone' | 'bank' | 'account' | 'several'; why: 'owner' | 'password' }
  event_postponed: AboutEvent & { wasStartsAt: number; refundUntil: number }
  event_cancelled: AboutEvent
  /** To those who wait for tickets of an event that is cancelled. */
  wait_ended: AboutEvent
}
export type MailKind = keyof MailData

/** What a mail says beside its data. It is read when the mail is sent, so that it is true then. */
export interface MailFacts {
  /** The events that the order admits to. */
  order_paid: { events: Admitted[] }
  /**
   * All that was sent back for a cancelled event instead of the refund that enqueued the mail, and what is still to come, in
   * minor units.
   */
  refund_paid: Partial<Pick<MailData['refund_paid'], 'amount' | 'items'>> & { waiting: number }
  tickets_offered: { timeZone: string }
}
export type Told<Kind extends MailKind> = MailData[Kind] &
  (Kind extends keyof MailFacts ? MailFacts[Kind] : unknown)

export interface Admitted {
  title: string
  startsAt: number
  timeZone: string
  /** Null: it is online. */
  place: string | null
  /** Whether a ticket has no code before its holder says who comes with it. */
  needsNames: boolean
}

export interface Claim {
  prizes: string[]
  claimBy: number
  timeZone: string
}
