/** Routes under /api/v1/lotteries: public to read; administrators keep them. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import {
  CreateLottery,
  ListLotteries,
  Lottery,
  LotteryPage,
  LotteryParams,
  LotteryResultPage,
  UpdateLottery,
} from './contract.ts'
import { createLottery } from './create-lottery.ts'
import { deleteLottery, type UsersOfLottery } from './delete-lottery.ts'
import { BODIES, EXAMPLE_LOTTERY, EXAMPLE_RESULT_FOR_ADMINS } from './examples.ts'
import { findLottery } from './find-lottery.ts'
import { listLotteries } from './list-lotteries.ts'
import { presentLottery } from './present.ts'
import { listAttention } from './read-results.ts'
import { type SellingOnLottery, updateLottery } from './update-lottery.ts'

const TAG = 'Lotteries'

const theLottery = (description: string) => ({
  status: 200 as const,
  schema: Lottery,
  example: EXAMPLE_LOTTERY,
  description,
})

interface Above {
  usersOfLottery: UsersOfLottery
  sellingOnLottery: SellingOnLottery
}

export const lotteryRoutes = ({ usersOfLottery, sellingOnLottery }: Above) =>
  new Hono<AppEnv>()
    .get(
      '/',
      describe({
        operation: 'listLotteries',
        summary: 'List lotteries',
        description: 'Official lotteries whose results can decide raffles, the oldest first.',
        tag: TAG,
        auth: 'none',
        success: {
          status: 200,
          schema: LotteryPage,
          example: { data: [EXAMPLE_LOTTERY], nextCursor: null },
          description: 'One page of lotteries.',
        },
        errors: PAGE_ERRORS,
      }),
      validate('query', ListLotteries),
      cachedForASecond,
      async (c) => c.json(await listLotteries(c.get('ctx'), c.req.valid('query'))),
    )
    .post(
      '/',
      describe({
        operation: 'createLottery',
        summary: 'Create a lottery',
        description: 'Only administrators may. From now on the result of each draw is awaited.',
        tag: TAG,
        auth: 'user',
        success: { ...theLottery('The new lottery.'), status: 201 },
        errors: [...BODY_ERRORS, 'forbidden'],
      }),
      validate('json', CreateLottery, BODIES.CreateLottery),
      async (c) => {
        const lottery = await createLottery(c.get('ctx'), c.req.valid('json'))
        c.header('location', `/api/v1/lotteries/${lottery.id}`)
        return c.json(lottery, 201)
      },
    )
    .get(
      '/attention',
      describe({
        operation: 'listLotteryAttention',
        summary: 'List results that need an administrator',
        description:
          'Results of all lotteries that are missing or wait for a second person, sources that disagree, and pages that differ from a result. The oldest draw first.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: LotteryResultPage,
          example: {
            data: [{ ...EXAMPLE_RESULT_FOR_ADMINS, attention: 'difference' }],
            nextCursor: null,
          },
          description: 'One page of results.',
        },
        errors: [...PAGE_ERRORS, 'forbidden'],
      }),
      validate('query', PageQuery),
      async (c) => c.json(await listAttention(c.get('ctx'), c.req.valid('query'))),
    )
    .get(
      '/:id',
      describe({
        operation: 'readLottery',
        summary: 'Read a lottery',
        tag: TAG,
        auth: 'none',
        success: theLottery('The lottery.'),
        errors: ['not_found'],
      }),
      validate('param', LotteryParams),
      cachedForASecond,
      async (c) => c.json(presentLottery(await findLottery(c.get('ctx'), c.req.valid('param').id))),
    )
    .put(
      '/:id',
      describe({
        operation: 'updateLottery',
        summary: 'Change a lottery',
        description:
          'Fields that are left out keep their values. Raffles keep the time that they have published. A new time is refused if a raffle would still sell tickets after its draw. A new page of results is fetched at once for draws without a result.',
        tag: TAG,
        auth: 'user',
        success: theLottery('The changed lottery.'),
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict'],
      }),
      validate('param', LotteryParams),
      validate('json', UpdateLottery, BODIES.UpdateLottery),
      async (c) => {
        const { id } = c.req.valid('param')
        return c.json(await updateLottery(c.get('ctx'), sellingOnLottery, id, c.req.valid('json')))
      },
    )
    .delete(
      '/:id',
      describe({
        operation: 'deleteLottery',
        summary: 'Delete a lottery',
        description: 'One that has held a draw, or that a raffle, series or template uses, is archived.',
        tag: TAG,
        auth: 'user',
        success: { status: 204, description: 'Deleted or archived.' },
        errors: ['forbidden', 'not_found'],
      }),
      validate('param', LotteryParams),
      async (c) => {
        await deleteLottery(c.get('ctx'), usersOfLottery, c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
