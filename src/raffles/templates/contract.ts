/** The shapes of raffle templates on the wire: saved terms under a name and a colour, and what they come to. */
import * as z from 'zod'
import { Id } from '../../core/ids.ts'
import { Sum } from '../../core/money.ts'
import { Page, PageQuery } from '../../core/paging.ts'
import { Line } from '../../core/text.ts'
import { Instant } from '../../core/time.ts'
import { ChangedTerms, OrganisationRef, Prize, Raffle, SavedTerms } from '../contract.ts'

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

/** A change: the fields that are sent; those left out stay as they are. */
export const UpdateTemplate = ChangedTerms.extend(z.strictObject(ownFields).partial().shape).meta({
  id: 'UpdateRaffleTemplate',
})
export type UpdateTemplate = z.infer<typeof UpdateTemplate>

/** What a raffle of these terms comes to when every ticket is sold. */
export const Economics = z
  .strictObject({
    /** Price × tickets. */
    totalTakings: Sum,
    rake: Sum,
    /** The takings without the rake. */
    prizePool: Sum,
    /** Rank by rank, what each of its winners gets; null for an item. */
    prizePerWinner: z.array(
      z.strictObject({ title: z.string(), winners: z.number().int(), amount: Sum.nullable() }),
    ),
    /** What is left for the organisation; below zero it owes that to the prizes. */
    organiser: Sum,
  })
  .meta({ id: 'Economics' })
export type Economics = z.infer<typeof Economics>

export const RaffleTemplate = z
  .strictObject({
    id: Id('raffleTemplate'),
    organisation: OrganisationRef,
    name: z.string(),
    colour: z.string(),
    ...Raffle.pick({
      title: true,
      description: true,
      imageUrl: true,
      categoryId: true,
      tags: true,
      location: true,
      timeZone: true,
      ticketPrice: true,
      totalTickets: true,
      maxPerUser: true,
      numbering: true,
      winPolicy: true,
      minTickets: true,
      rakeBps: true,
      guaranteed: true,
      providers: true,
      entry: true,
      earning: true,
      draw: true,
      claimDays: true,
      onUnclaimed: true,
      maxRedraws: true,
      earlyClose: true,
    }).shape,
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
