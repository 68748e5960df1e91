// The data of the crash tests of events: published events, whose ticket types the audit checks.
import { env } from 'cloudflare:workers'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { ENDS_AT, STARTS_AT, type StagedEvent, stageEvent } from '../events/event-stage.ts'
import { DAY, iso, type Staged } from '../raffles/scenario.ts'
import { people } from './stage.ts'

/** Late enough: in some flows the holds of each try expire in turn. */
export const LATER = 30 * DAY
export const TIMES = { startsAt: iso(STARTS_AT + LATER), endsAt: iso(ENDS_AT + LATER) }

/** An event of the present organisation. */
export const stageLater = (changes: Record<string, unknown> = {}): Promise<StagedEvent> =>
  stageEvent({ ...TIMES, ...changes }, people.organisation)

/** Ticket types and groups in the form that the audit and the alarms need. */
export const poolsOf = (
  { organisation, operator }: Omit<StagedEvent, 'id' | 'types'>,
  ids: string[],
): Staged[] => ids.map((id) => ({ id, pool: poolNameOf(id), organisation, operator }))

export const typesOf = (staged: StagedEvent): Staged[] => poolsOf(staged, Object.values(staged.types))

/** How many mails of a kind a person got. */
export async function mailsTo(userId: string, kind: string): Promise<number> {
  const found = env.DB.prepare('SELECT count(*) AS count FROM mails WHERE user_id = ? AND kind = ?')
  return (await found.bind(userId, kind).first<number>('count'))!
}

/** The first row of a query as an object; null: none. */
export const rowOf = <Row>(query: string, ...values: unknown[]): Promise<Row | null> =>
  env.DB.prepare(query)
    .bind(...values)
    .first<Row>()
