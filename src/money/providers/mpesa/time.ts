/** Times as M-Pesa writes them. Kenya has one time zone and no summer time. */
import { HOUR_MS } from '../../../core/time.ts'

const NAIROBI_MS = 3 * HOUR_MS
const YEAR_TO_SECOND = 14

/** `yyyyMMddHHmmss` in Nairobi. */
export const nairobiTime = (ms: number): string =>
  new Date(ms + NAIROBI_MS).toISOString().replaceAll(/\D/g, '').slice(0, YEAR_TO_SECOND)
