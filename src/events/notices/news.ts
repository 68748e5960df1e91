/** The news of an event that its holders are told, as a mail of their own. */
import type { MailData } from '../../accounts/mail/kinds.ts'

export type EventNews =
  | { kind: 'event_postponed'; data: MailData['event_postponed'] }
  | { kind: 'event_cancelled'; data: MailData['event_cancelled'] }
