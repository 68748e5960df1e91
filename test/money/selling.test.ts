// Which provider where: an organisation says how it sells; raffles and events narrow it; buyers are refused by country.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { countryNames, countryOf, whyNotFrom } from '../../src/core/countries.ts'
import { newId } from '../../src/core/ids.ts'
import { BOOK, stageProduct, stockOf } from '../catalog/shelf.ts'
import { ADDRESS, ordered } from '../checkout/cart.ts'
import { withKey } from '../checkout/checkout.ts'
import { stageDraftEvent, stageEvent } from '../events/event-stage.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import {
  addOperator,
  type Organisation,
  organisationWithOperator,
  registerPlayer,
  signedInAdmin,
} from '../harness/people.ts'
import {
  as,
  at,
  iso,
  KES,
  MINUTE,
  NOW,
  newKey,
  read,
  stageDraft,
  stageRaffle,
  useClock,
} from '../raffles/scenario.ts'
import { seriesBody } from '../raffles/series-stage.ts'

const ORGANISATION = newId('organisation')
protectedRoutes([
  { method: 'GET', path: `/api/v1/organisations/${ORGANISATION}/selling` },
  { method: 'PUT', path: `/api/v1/organisations/${ORGANISATION}/selling`, body: { countries: ['KE'] } },
])

describe('how an organisation sells', () => {
  useClock()

  const PRICED = { ticketPrice: KES(1_000), providers: ['sandbox'] }
  const path = ({ id }: { id: string }) => `/organisations/${id}/selling`
  const set = (organisation: Organisation, terms: object, person: { id: string } = organisation.operator) =>
    as(person, 'PUT', path(organisation), terms)
  const selling = async (terms: object): Promise<Organisation> => {
    const organisation = await organisationWithOperator()
    const { status, body } = await set(organisation, terms)
    expect(status, JSON.stringify(body)).toBe(200)
    return organisation
  }
  const publish = ({ id, operator }: { id: string; operator: { id: string } }, what = 'raffles') =>
    as(operator, 'POST', `/${what}/${id}/publish`)
  const from = (country: string) => ({ headers: { 'idempotency-key': newKey(), 'cf-ipcountry': country } })
  const take = (raffleId: string, country: string, payment?: object) =>
    registerPlayer().then((player) =>
      as(player, 'POST', '/tickets/purchase', { raffleId, quantity: 1, payment }, from(country)),
    )

  it('is open until it says otherwise, and a field that is left out keeps its value', async () => {
    const organisation = await organisationWithOperator()
    const open = { organisationId: organisation.id, providers: null, currencies: null, countries: null }
    expect((await as(organisation.operator, 'GET', path(organisation))).body).toEqual({
      ...open,
      updatedAt: null,
    })
    const first = { providers: ['sandbox', 'manual'], currencies: ['KES', 'UGX'] }
    expect((await set(organisation, first)).body).toEqual({ ...open, ...first, updatedAt: iso(NOW) })
    at(NOW + MINUTE)
    await set(organisation, { countries: ['KE', 'UG'] })
    const { body } = await set(organisation, { currencies: null })
    expect(body).toEqual({
      ...open,
      providers: first.providers,
      countries: ['KE', 'UG'],
      updatedAt: iso(NOW + MINUTE),
    })
    expect((await as(organisation.operator, 'GET', path(organisation))).body).toEqual(body)
  })

  it.each([
    [{ countries: ['KE', 'KE'] }, 'countries'],
    [{ countries: [] }, 'countries'],
    [{ countries: ['ke'] }, 'countries.0'],
    [{ countries: ['ZZ'] }, 'countries.0'],
    [{ currencies: ['XYZ'] }, 'currencies.0'],
    [{ providers: ['manual', 'manual'] }, 'providers'],
    [{ providers: ['stripe'] }, 'providers.0'],
    [{ cities: ['Nairobi'] }, 'cities'],
  ])('refuses what does not exist: %j', async (terms, where) => {
    const { status, body } = await set(await organisationWithOperator(), terms)
    expect(status).toBe(422)
    expect(body.errors[0].path).toBe(where)
  })

  it('is for members with the permission and for administrators; for strangers there is no such organisation', async () => {
    const organisation = await organisationWithOperator()
    const janitor = await addOperator(organisation.id, 'janitor')
    const { operator: stranger } = await organisationWithOperator()
    const terms = { countries: ['KE'] }
    expect((await set(organisation, terms, await signedInAdmin())).status).toBe(200)
    expect((await set(organisation, terms, janitor)).body.code).toBe('forbidden')
    for (const person of [stranger, await registerPlayer()]) {
      expect((await set(organisation, terms, person)).status).toBe(404)
      expect((await as(person, 'GET', path(organisation))).status).toBe(404)
    }
    const { results } = await env.DB.prepare(
      `SELECT fields FROM audit WHERE subject_id = ? AND action = 'organisation.selling_changed'`,
    )
      .bind(organisation.id)
      .all()
    expect(results).toEqual([{ fields: '["countries"]' }])
  })

  describe('decides at publication', () => {
    it('about the currency, the providers and the countries of a raffle', async () => {
      const organisation = await selling({
        providers: ['manual'],
        currencies: ['UGX'],
        countries: ['UG', 'KE'],
      })
      const draft = await stageDraft({ ...PRICED, countries: ['KE', 'DE'] }, organisation)
      const { status, body } = await publish(draft)
      expect(status).toBe(422)
      expect(body.errors).toEqual([
        { path: 'ticketPrice.currency', message: 'the organisation sells in UGX only' },
        { path: 'providers.0', message: 'the organisation takes payments by hand only' },
        {
          path: 'countries',
          message: 'the organisation sells to Uganda and Kenya only, so not to Germany',
        },
      ])
    })

    it('which providers and countries a raffle has that names none', async () => {
      const organisation = await selling({ providers: ['sandbox', 'manual'], countries: ['KE'] })
      const raffle = await stageRaffle({ ...PRICED, providers: [] }, organisation)
      expect(await read(raffle.id)).toMatchObject({ providers: ['sandbox'], countries: ['KE'] })
      const narrow = await selling({ providers: ['manual'] })
      const draft = await stageDraft({ ...PRICED, providers: [] }, narrow)
      expect((await publish(draft)).body.errors[0].path).toBe('providers')
    })

    it('about a series, whose raffles could not be published', async () => {
      const organisation = await selling({ currencies: ['UGX'], countries: ['UG'] })
      const terms = { ...seriesBody().terms, ...PRICED, countries: ['KE'] }
      const body = seriesBody({ terms, closesBefore: 60 })
      const made = await as(organisation.operator, 'POST', '/series', body)
      expect(made.body.errors.map(({ path: at }: { path: string }) => at)).toEqual([
        'terms.ticketPrice.currency',
        'terms.countries',
      ])
    })

    it('nothing about money if the tickets are free', async () => {
      const organisation = await selling({ providers: ['manual'], currencies: ['UGX'] })
      expect((await publish(await stageDraft({}, organisation))).status).toBe(200)
    })

    it('about an event and each of its ticket types', async () => {
      const organisation = await selling({ providers: ['manual'], currencies: ['UGX'], countries: ['UG'] })
      const draft = await stageDraftEvent({ countries: ['KE'] }, organisation)
      const { body } = await publish(draft, 'events')
      expect(body.errors.map(({ path: at }: { path: string }) => at)).toEqual([
        'ticketTypes.1.price.currency',
        'ticketTypes.2.price.currency',
        'providers.0',
        'countries',
      ])
    })

    it('and for a ticket type or a product that is added later', async () => {
      const organisation = await organisationWithOperator()
      const event = await stageEvent({}, organisation)
      await set(organisation, { currencies: ['UGX'] })
      const type = { name: 'Late', price: KES(500), capacity: 1 }
      const added = await as(organisation.operator, 'POST', `/events/${event.id}/ticket-types`, type)
      expect(added.body.errors[0].path).toBe('price.currency')
      const book = await as(organisation.operator, 'POST', '/products', BOOK)
      expect(book.body.errors[0].path).toBe('price.currency')
      expect(
        (await as(organisation.operator, 'POST', '/products', { ...BOOK, status: 'draft' })).status,
      ).toBe(201)
    })
  })

  describe('decides about a buyer', () => {
    it('by the country of the connection, for free tickets and priced ones', async () => {
      const organisation = await selling({ countries: ['KE', 'UG', 'TZ'] })
      const free = await stageRaffle({ countries: ['KE', 'UG'] }, organisation)
      const priced = await stageRaffle(PRICED, organisation)
      expect((await take(free.id, 'KE')).status).toBe(201)
      expect((await take(priced.id, 'TZ', { provider: 'sandbox' })).status).toBe(201)
      const abroad = await take(free.id, 'DE')
      expect([abroad.status, abroad.body.code, abroad.body.detail]).toEqual([
        403,
        'forbidden',
        'This raffle is for people in Kenya and Uganda only. You connect from Germany.',
      ])
      const paid = await take(priced.id, 'DE', { provider: 'sandbox' })
      expect(paid.body.detail).toBe(
        'This raffle is for people in Kenya, Uganda, and Tanzania only. You connect from Germany.',
      )
    })

    it('not where nobody sees the country; Tor and unknown places are refused', async () => {
      const raffle = await stageRaffle({ countries: ['KE'] })
      const player = await registerPlayer()
      const unseen = { raffleId: raffle.id, quantity: 1 }
      expect((await as(player, 'POST', '/tickets/purchase', unseen, withKey(newKey()))).status).toBe(201)
      for (const country of ['XX', 'T1']) {
        const { body } = await take(raffle.id, country)
        expect(body.detail).toMatch(/We cannot see in which country you are\. Try without a VPN or Tor\.$/)
      }
    })

    it('as it was published: a later change reaches only what is published after it', async () => {
      const organisation = await selling({ countries: ['KE'] })
      const raffle = await stageRaffle({}, organisation)
      await set(organisation, { countries: ['UG'] })
      expect((await take(raffle.id, 'KE')).status).toBe(201)
      expect((await take(raffle.id, 'UG')).status).toBe(403)
      const later = await stageRaffle({}, organisation)
      expect((await take(later.id, 'UG')).status).toBe(201)
      const changed = await as(organisation.operator, 'PUT', `/raffles/${raffle.id}`, { countries: null })
      expect(changed.body).toMatchObject({ code: 'invalid_state', errors: [{ path: 'countries' }] })
    })

    it('of an event by its countries, also on the waiting list', async () => {
      const event = await stageEvent({ countries: ['KE'] })
      const buy = async (country: string) =>
        as(
          await registerPlayer(),
          'POST',
          '/tickets/purchase',
          { ticketTypeId: event.types.free, quantity: 3 },
          from(country),
        )
      expect((await buy('DE')).body.detail).toMatch(/^This ticket type is for people in Kenya only\./)
      expect((await buy('KE')).status).toBe(201)
      const wait = async (country: string) =>
        as(
          await registerPlayer(),
          'POST',
          `/events/${event.id}/ticket-types/${event.types.free}/waiting-list`,
          { quantity: 1 },
          { headers: { 'cf-ipcountry': country } },
        )
      expect((await wait('DE')).body.code).toBe('forbidden')
    })

    it('of goods at once, by the connection, by the address and by the provider', async () => {
      const { id: productId, organisation } = await stageProduct({ stock: 5 })
      await set(organisation, { countries: ['KE', 'UG'], providers: ['sandbox'] })
      const player = await registerPlayer()
      const order = (country: string, sent: object, provider = 'sandbox') =>
        as(
          player,
          'POST',
          '/orders',
          { lines: [{ productId, quantity: 1 }], payment: { provider }, ...sent },
          from(country),
        )
      const abroad = await order('DE', { pickup: true })
      expect([abroad.status, abroad.body.detail]).toEqual([
        403,
        '“Things Fall Apart” is for people in Kenya and Uganda only. You connect from Germany.',
      ])
      const sent = await order('KE', { deliveryAddress: { ...ADDRESS, country: 'FR' } })
      expect(sent.body.errors).toEqual([
        {
          path: 'deliveryAddress.country',
          message: 'is France, but “Things Fall Apart” is sent to Kenya and Uganda only',
        },
      ])
      const byHand = await order('KE', { pickup: true }, 'manual')
      expect(byHand.body.detail).toBe('“Things Fall Apart” takes payments by sandbox only.')
      expect(await stockOf(productId)).toBe(5)
      const good = await order('UG', { deliveryAddress: ADDRESS })
      expect(good.status, JSON.stringify(good.body)).toBe(201)
      const again = { provider: 'manual' }
      const other = await as(player, 'POST', `/orders/${good.body.id}/pay`, again, withKey(newKey()))
      expect(other.body.errors[0].path).toBe('provider')
    })

    it('and leaves an order that was placed before as it is', async () => {
      const { id: productId, organisation } = await stageProduct()
      const player = await registerPlayer()
      const { id, status } = await ordered(player, [{ productId, quantity: 1 }])
      expect(status).toBe('pending')
      await set(organisation, { countries: ['UG'] })
      const pay = await as(player, 'POST', `/orders/${id}/pay`, { provider: 'sandbox' }, from('KE'))
      expect(pay.status).toBe(201)
    })
  })

  it('knows the country of a connection from Cloudflare alone in production', () => {
    const request = (headers: Record<string, string>, country?: string) =>
      ({ headers: new Headers(headers), cf: { country } }) as unknown as Request
    const production = { ENVIRONMENT: 'production' } as const
    const spoofed = { 'cf-ipcountry': 'KE' }
    expect(countryOf(request(spoofed, 'DE'), production)).toBe('DE')
    expect(countryOf(request(spoofed), production)).toBe('XX')
    expect(countryOf(request(spoofed, 'DE'), { ENVIRONMENT: 'development' })).toBe('KE')
    expect(countryOf(request({}, 'DE'), { ENVIRONMENT: 'development' })).toBeNull()
  })

  it('names countries in words, of a long list only the first', () => {
    expect(countryNames(['KE'])).toBe('Kenya')
    const many = ['KE', 'UG', 'TZ', 'RW', 'BI', 'SS', 'ET', 'SO', 'DJ', 'ER', 'SD', 'EG']
    expect(countryNames(many)).toMatch(/^Kenya, Uganda, Tanzania, .*Eritrea, and 2 other countries$/)
    expect(whyNotFrom(null, 'DE')).toBeNull()
    expect(whyNotFrom(['KE'], null)).toBeNull()
    expect(whyNotFrom(['KE'], undefined)).toBeNull()
  })
})
