/** Routes under /api/v1/raffle-templates: saved terms of an organisation, and raffles started from them. */
import { Hono } from 'hono'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../../core/openapi.ts'
import { validate } from '../../core/validation.ts'
import { Raffle, StartRaffle } from '../contract.ts'
import { EXAMPLE_RAFFLE, BODIES as RAFFLE_BODIES } from '../examples.ts'
import {
  CreateTemplate,
  ListTemplates,
  RaffleTemplate,
  TemplatePage,
  TemplateParams,
  UpdateTemplate,
} from './contract.ts'
import { createTemplate } from './create-template.ts'
import { deleteTemplate } from './delete-template.ts'
import { BODIES, EXAMPLE_TEMPLATE } from './examples.ts'
import { findTemplate } from './find-template.ts'
import { listTemplates } from './list-templates.ts'
import { presentTemplate } from './present.ts'
import { startRaffle } from './start-raffle.ts'
import { updateTemplate } from './update-template.ts'

const TAG = 'Raffle templates'

const theTemplate = (description: string) => ({
  status: 200 as const,
  schema: RaffleTemplate,
  example: EXAMPLE_TEMPLATE,
  description,
})

export const raffleTemplates = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listRaffleTemplates',
      summary: 'List raffle templates',
      description: 'The templates of the organisations whose raffles you may write.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: TemplatePage,
        example: { data: [EXAMPLE_TEMPLATE], nextCursor: null },
        description: 'The newest first.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', ListTemplates),
    async (c) => c.json(await listTemplates(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/',
    describe({
      operation: 'createRaffleTemplate',
      summary: 'Save a raffle template',
      description:
        'Has every field of a new raffle except its times, with a name and a colour. A member of only one organisation may leave out `organisationId`.',
      tag: TAG,
      auth: 'user',
      success: { ...theTemplate('The template.'), status: 201 },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('json', CreateTemplate, BODIES.CreateTemplate),
    async (c) => {
      const template = await createTemplate(c.get('ctx'), c.req.valid('json'))
      c.header('location', `/api/v1/raffle-templates/${template.id}`)
      return c.json(template, 201)
    },
  )
  .get(
    '/:id',
    describe({
      operation: 'readRaffleTemplate',
      summary: 'Read a raffle template',
      description: '`economics` shows how the takings of a sold-out raffle with these terms are divided.',
      tag: TAG,
      auth: 'user',
      success: theTemplate('The template.'),
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', TemplateParams),
    async (c) => c.json(presentTemplate(await findTemplate(c.get('ctx'), c.req.valid('param').id))),
  )
  .put(
    '/:id',
    describe({
      operation: 'updateRaffleTemplate',
      summary: 'Change a raffle template',
      description:
        'Fields that are left out keep their values. Raffles that were started from it do not change.',
      tag: TAG,
      auth: 'user',
      success: theTemplate('The changed template.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict'],
    }),
    validate('param', TemplateParams),
    validate('json', UpdateTemplate, BODIES.UpdateTemplate),
    async (c) => c.json(await updateTemplate(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .delete(
    '/:id',
    describe({
      operation: 'deleteRaffleTemplate',
      summary: 'Delete a raffle template',
      description: 'Raffles that were started from it stay.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Deleted.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', TemplateParams),
    async (c) => {
      await deleteTemplate(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/raffles',
    describe({
      operation: 'startRaffle',
      summary: 'Start a raffle from a template',
      description:
        'Send the times, and any field that should differ from the template. With a `draw` of method `lottery`, `drawAt` may be left out, and the rules that a lottery fixes are set. The raffle is a draft: publish it like any other.',
      tag: TAG,
      auth: 'user',
      success: { status: 201, schema: Raffle, example: EXAMPLE_RAFFLE, description: 'The draft.' },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', TemplateParams),
    validate('json', StartRaffle, RAFFLE_BODIES.StartRaffle),
    async (c) => {
      const raffle = await startRaffle(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))
      c.header('location', `/api/v1/raffles/${raffle.id}`)
      return c.json(raffle, 201)
    },
  )
