/** The app: the middleware of every request, in order, and all routes. */
import { sql } from 'drizzle-orm'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { balances } from './accounting/balance-routes.ts'
import { ledger } from './accounting/ledger-routes.ts'
import { apiKeyRoutes } from './accounts/api-key-routes.ts'
import { authRoutes } from './accounts/auth-routes.ts'
import { authenticate } from './accounts/authenticate.ts'
import type { JoinHooks } from './accounts/invitations/accept-invitation.ts'
import { invitationRoutes, myInvitations, organisationInvitations } from './accounts/invitations/routes.ts'
import { devMail } from './accounts/mail/dev-mail-routes.ts'
import { organisations } from './accounts/organisation-routes.ts'
import { userRoutes } from './accounts/user-routes.ts'
import { door } from './admissions/door-routes.ts'
import { ticketReturns } from './admissions/return-routes.ts'
import { ownTickets } from './admissions/ticket-routes.ts'
import { transfers } from './admissions/transfers/routes.ts'
import { selectWhoIsIn } from './admissions/who-is-in.ts'
import { categoryRoutes, productRoutes } from './catalog/routes.ts'
import type { UsersOf } from './catalog/still-used.ts'
import { payoutMethodProofs } from './checkout/proof-routes.ts'
import { orders, purchases } from './checkout/routes.ts'
import type { AppEnv } from './core/context.ts'
import { openDoor } from './core/crowd-door.ts'
import { Problem } from './core/errors.ts'
import { crossOrigin, privateByDefault, securityHeaders } from './core/headers.ts'
import { createNotFound } from './core/method-not-allowed.ts'
import { respondToError } from './core/problem-response.ts'
import { MAX_BODY_BYTES, requestContext } from './core/request.ts'
import { RememberingRouter } from './core/router.ts'
import { refuseWinners } from './draws/refuse-winners.ts'
import { draws, raffleDraws, wellKnown } from './draws/routes.ts'
import { winners } from './draws/winner-routes.ts'
import { entrants } from './entrants/routes.ts'
import { capacityGroups } from './events/capacity-groups/routes.ts'
import { events } from './events/routes.ts'
import { ticketTypeRoutes } from './events/ticket-types/routes.ts'
import { eventsOfCategory } from './events/uses-of-category.ts'
import { waitingLists } from './events/waiting-list/routes.ts'
import { grantRoutes } from './grants/routes.ts'
import { takeOverGrants } from './grants/take-over-grants.ts'
import { config } from './insights/config-routes.ts'
import { health } from './insights/routes.ts'
import { lotteryResultRoutes } from './lotteries/result-routes.ts'
import { lotteryRoutes } from './lotteries/routes.ts'
import { removeNewMethods } from './money/payout-methods.ts'
import { selling } from './money/selling-routes.ts'
import { payRoutes } from './payments/return-routes.ts'
import { paymentRoutes } from './payments/routes.ts'
import { eventTakings } from './payouts/event-routes.ts'
import { payoutMethods, payouts } from './payouts/routes.ts'
import { myStripeAccount, stripeAccounts } from './payouts/stripe-account-routes.ts'
import { refuseHolders } from './raffles/holds-tickets-of.ts'
import { raffles } from './raffles/routes.ts'
import { series } from './raffles/series/routes.ts'
import { raffleTemplates } from './raffles/templates/routes.ts'
import { rafflesOfCategory, usersOfProduct } from './raffles/uses-of-catalogue.ts'
import { sellingOnLottery, ticketsOnDraw, usersOfLottery } from './raffles/uses-of-lottery.ts'
import { eventRefunds, orderRefunds, raffleRefunds, refunds } from './refunds/routes.ts'
import { sandboxRoutes } from './sandbox/routes.ts'
import { keepSearchInStep } from './search/keep-in-step.ts'
import { searches } from './search/routes.ts'
import { takeBackAfterSuspension } from './suspensions/sweep-suspensions.ts'
import { readOwnPurchases } from './tickets/recent-purchases.ts'
import { tickets } from './tickets/routes.ts'
import { staticFile } from './web/static-file.ts'
import { webhookRoutes } from './webhooks/routes.ts'

export const app = new Hono<AppEnv>({ router: new RememberingRouter() })

app.use(openDoor)
app.use(securityHeaders)
app.use(privateByDefault)
app.use(requestContext)
app.use(crossOrigin)
app.use(
  bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new Problem('payload_too_large', 'A body may have at most 64 KiB.')
    },
  }),
)
app.use(authenticate)
app.use(readOwnPurchases)
app.use(keepSearchInStep)

const afterVerified = takeOverGrants
const usersOfCategory: UsersOf = (...category) =>
  sql`${rafflesOfCategory(...category)} UNION ALL ${eventsOfCategory(...category)}`
const joinHooks: JoinHooks = {
  beforeJoining: async (...joining) => {
    await refuseHolders(...joining)
    await refuseWinners(...joining)
  },
  afterVerified,
}

const routes = app
  .route('/api/v1/auth', authRoutes({ afterVerified, withNewPassword: removeNewMethods }))
  .route('/api/v1/users', userRoutes({ afterSuspended: takeBackAfterSuspension }))
  .route('/api/v1/users/me/invitations', myInvitations(joinHooks))
  .route('/api/v1/invitations', invitationRoutes(joinHooks))
  .route('/api/v1/organisations', organisations)
  .route('/api/v1/organisations', organisationInvitations)
  .route('/api/v1/organisations', apiKeyRoutes)
  .route('/api/v1/organisations', balances)
  .route('/api/v1/organisations', selling)
  .route('/api/v1/organisations', stripeAccounts)
  .route('/api/v1/events', events)
  .route('/api/v1/events', ticketTypeRoutes)
  .route('/api/v1/events', eventTakings)
  .route('/api/v1/events', waitingLists)
  .route('/api/v1/events', eventRefunds)
  .route('/api/v1/events', door)
  .route('/api/v1/events', capacityGroups)
  .route('/api/v1/raffles', raffles)
  .route('/api/v1/raffles', raffleDraws)
  .route('/api/v1/raffles', raffleRefunds)
  .route('/api/v1/raffles', grantRoutes)
  .route('/api/v1/raffles', entrants)
  .route('/api/v1/raffle-templates', raffleTemplates)
  .route('/api/v1/series', series)
  .route('/api/v1/lotteries', lotteryRoutes({ usersOfLottery, sellingOnLottery }))
  .route('/api/v1/lotteries', lotteryResultRoutes({ ticketsOnDraw }))
  .route('/api/v1/tickets', purchases)
  .route('/api/v1/tickets', ownTickets)
  .route('/api/v1/tickets', transfers)
  .route('/api/v1/tickets', tickets)
  .route('/api/v1/tickets', ticketReturns)
  .route('/api/v1/products', productRoutes({ usersOfProduct }))
  .route('/api/v1/categories', categoryRoutes({ usersOfCategory }))
  .route('/api/v1/orders', orders)
  .route('/api/v1/orders', orderRefunds({ selectUsed: selectWhoIsIn }))
  .route('/api/v1/refunds', refunds)
  .route('/api/v1/payments', paymentRoutes)
  .route('/api/v1/payments', webhookRoutes)
  .route('/api/v1/draws', draws)
  .route('/api/v1/winners', winners)
  .route('/api/v1/users/me/payout-methods', payoutMethods)
  .route('/api/v1/users/me/payout-methods', payoutMethodProofs)
  .route('/api/v1/users/me/stripe-account', myStripeAccount)
  .route('/api/v1/payouts', payouts)
  .route('/api/v1/ledger', ledger)
  .route('/api/v1/search', searches)
  .route('/api/v1/health', health)
  .route('/api/v1/config', config)
  .route('/.well-known', wellKnown)

app.route('/sandbox', sandboxRoutes)
app.route('/pay', payRoutes)
app.route('/dev/mail', devMail)
// Until there are pages, the API's page is the first thing to see.
app.get('/', (c) => c.redirect('/docs'))

app.onError(respondToError)
app.notFound(createNotFound(app, staticFile))

/** The type of the API for `hono/client`: `hc<Api>('https://…')`. */
export type Api = typeof routes
