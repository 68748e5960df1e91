/** Creates a draft from a template: its terms, with the times and the differing fields of the request. */
import type { Ctx } from '../../core/context.ts'
import type { Raffle, StartRaffle } from '../contract.ts'
import { createRaffle } from '../create-raffle.ts'
import { findTemplate } from './find-template.ts'

export async function startRaffle(ctx: Ctx, templateId: string, input: StartRaffle): Promise<Raffle> {
  const { template } = await findTemplate(ctx, templateId)
  return createRaffle(ctx, { ...template.terms, ...input, organisationId: template.organisationId })
}
