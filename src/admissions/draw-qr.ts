/** The QR of an admission's code, as an SVG. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { lazy } from '../core/lazy.ts'
import { findAdmission, lacksName } from './own-admissions.ts'

export async function drawQr(ctx: Ctx, id: string, number: number): Promise<string> {
  const { shown, event, reservation } = await findAdmission(ctx, id, number)
  if (shown.code === null) {
    throw new Problem(
      'invalid_state',
      reservation.state === 'sold' && lacksName(event, shown.attendeeName)
        ? 'Say first who comes with this ticket: set its attendeeName.'
        : `This ticket is ${reservation.state}: it has no code.`,
    )
  }
  return qrOf(shown.code)
}

export const loadQr = lazy(() => Promise.all([import('lean-qr'), import('lean-qr/extras/svg')]))

/** The letters of a code need the alphanumeric mode, and a level that survives a crease in the paper. */
export async function qrOf(code: string): Promise<string> {
  const [{ correction, generate }, { toSvgSource }] = await loadQr()
  return toSvgSource(generate(code, { minCorrectionLevel: correction.M }), { off: 'white', scale: 4 })
}
