import { lazy } from '../core/lazy.ts'

/** The check of a beacon's signature. Few isolates draw, and its curves take a large part of a start. */
export const loadBeacon = lazy(() => import('../rdp1/beacon.ts'))
