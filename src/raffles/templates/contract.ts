/** The shapes of raffle templates on the wire: saved terms with a name, a colour and their economics. */
import * as z from 'zod'
import { Id } from '../../core/ids.ts'
import { Sum } from '../../core/money.ts'
import { Page, PageQuery } from '../../core/paging.ts'
import { Line } from '../../core/text.ts'
import { Instant } from '../../core/time.ts'
import { ChangedTerms, OrganisationRef, Raffle, SavedTerms } from '../contract.ts'
import { Prize } from '../prize-contract.ts'

const ownFields = {
  name: Line(1, 120),
  colour: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #1e90ff')
    .toLowerCase(),
}

export const CreateTemplate = SavedTerms.extend({
  organisationId: Id('organisation').optional(),
  ...ownFields,
}).meta({ id: 'CreateRaffleTemplate' })
export type CreateTemplate = z.infer<typeof CreateTemplate>

/** A partial change: fields that are left out keep their values. */
export const UpdateTemplate = ChangedTerms.extend(z.strictObject(ownFields).partial().shape).meta({
  id: 'UpdateRaffleTemplate',
})
export type UpdateTemplate = z.infer<typeof UpdateTemplate>

/** How the takings of a sold-out raffle with these terms are divided. */
export const Economics = z
  .strictObject({
    totalTakings: Sum.describe('The price times the tickets.'),
    rake: Sum,
    prizePool: Sum.describe('The takings less the rake.'),
    prizePerWinner: z
      .array(z.strictObject({ title: z.string(), winners: z.number().int(), amount: Sum.nullable() }))
      .describe('By rank, the amount for each of its winners; null for an item.'),
    organiser: Sum.describe(
      'The organisation’s part; if negative, the organisation owes that amount to the prizes.',
    ),
  })
  .meta({ id: 'Economics' })
export type Economics = z.infer<typeof Economics>

/** A template shows each of its terms as a raffle does. */
const IN_TEMPLATE = Object.fromEntries(Object.keys(SavedTerms.shape).map((name) => [name, true])) as Record<
  keyof SavedTerms,
  true
>

export const RaffleTemplate = z
  .strictObject({
    id: Id('raffleTemplate'),
    organisation: OrganisationRef,
    name: z.string(),
    colour: z.string(),
    ...Raffle.pick(IN_TEMPLATE).shape,
    prizes: z.array(Prize),
    economics: Economics,
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'RaffleTemplate' })
export type RaffleTemplate = z.infer<typeof RaffleTemplate>

export const TemplatePage = Page(RaffleTemplate)

export const TemplateParams = z.object({ id: Id('raffleTemplate') })

export const ListTemplates = PageQuery.extend({ organisationId: Id('organisation').optional() })
export type ListTemplates = z.infer<typeof ListTemplates>
