/** The table of line kinds: one port for each thing that an order can sell. */
import type { LinePort } from '../line.ts'
import type { LineKind } from '../schema.ts'
import { productLine } from './product-line.ts'
import { raffleLine } from './raffle-line.ts'

const PORTS: Record<LineKind, LinePort> = { raffle: raffleLine, product: productLine }

export const linePort = (kind: LineKind): LinePort => PORTS[kind]
