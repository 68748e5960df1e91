/** Whether a reservation's holder is a person. Tickets that are set aside for a prize are held by its raffle. */
import { Id } from '../core/ids.ts'

export const isPerson = (holder: string): boolean => Id('user').safeParse(holder).success
