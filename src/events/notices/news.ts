/** The news of an event that its holders and those who wait are told, as a mail of their own. */
import type { MailData } from '../../accounts/mail/kinds.ts'

export type EventNews =
  | { kind: 'event_postponed'; data: MailData['event_postponed'] }
  | { kind: 'event_cancelled'; data: MailData['event_cancelled'] }
  | { kind: 'wait_ended'; data: MailData['wait_ended'] }
