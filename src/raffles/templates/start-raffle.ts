/** Creates a draft from a template: its terms, with the times, the lottery and the differing fields of the request. */
import type { Ctx } from '../../core/context.ts'
import type { Raffle, StartRaffle } from '../contract.ts'
import { createRaffle } from '../create-raffle.ts'
import { fixedByLottery } from '../draw-method.ts'
import { officialDrawAt } from '../official-draw.ts'
import { findTemplate } from './find-template.ts'

export async function startRaffle(ctx: Ctx, templateId: string, input: StartRaffle): Promise<Raffle> {
  const { template } = await findTemplate(ctx, templateId)
  const { draw = template.terms.draw } = input
  return createRaffle(ctx, {
    ...template.terms,
    // A lottery fixes these, so a template for any draw can start a raffle on one.
    ...(draw.method === 'lottery' ? fixedByLottery(draw) : {}),
    ...input,
    drawAt: input.drawAt ?? (await officialDrawAt(ctx, draw)),
    organisationId: template.organisationId,
  })
}
