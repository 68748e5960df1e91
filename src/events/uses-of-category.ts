/** Which events use a category, by their names. */
import { sql } from 'drizzle-orm'
import type { UsersOf } from '../catalog/still-used.ts'
import { events } from './schema.ts'

export const eventsOfCategory: UsersOf = (_ctx, { id }) => sql`
  SELECT 'the event “' || ${events.title} || '”' AS name FROM ${events} WHERE ${events.categoryId} = ${id}`
