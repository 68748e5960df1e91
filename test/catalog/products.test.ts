// The catalogue: products of each kind, their public lists, and who may change them.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { addOperator, organisationWithOperator, registerPlayer } from '../harness/people.ts'
import { as, at, readAll, stageDraft, stageRaffle, sweep, useClock } from '../raffles/scenario.ts'
import { seriesBody } from '../raffles/series-stage.ts'
import { BOOK, type Shelved, SPEAKER, stageProduct } from './shelf.ts'

useClock()

const PRODUCT = newId('product')
const CATEGORY = newId('category')
const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/api/v1/products', body: BOOK },
  { method: 'PUT', path: `/api/v1/products/${PRODUCT}`, body: { stock: 4 } },
  { method: 'DELETE', path: `/api/v1/products/${PRODUCT}` },
  { method: 'POST', path: '/api/v1/categories', body: { name: 'Novels' } },
  { method: 'PUT', path: `/api/v1/categories/${CATEGORY}`, body: { name: 'Novels' } },
  { method: 'DELETE', path: `/api/v1/categories/${CATEGORY}` },
]

protectedRoutes(ROUTES)

describe('the routes of the catalogue', () => {
  it('return 404 for another organisation, and 403 for a member without the permission', async () => {
    const { id, organisation } = await stageProduct()
    const category = await as(organisation.operator, 'POST', '/categories', { name: 'Novels' })
    const stranger = (await organisationWithOperator()).operator
    const janitor = await addOperator(organisation.id, 'janitor')
    for (const { method, path, body } of ROUTES.filter(({ path }) => /_/.test(path))) {
      const inner = path.replace('/api/v1', '')
      const theirs = inner.replace(PRODUCT, id).replace(CATEGORY, category.body.id)
      const nobodys = await as(stranger, method, inner, body)
      expect(nobodys.status).toBe(404)
      const refused = await as(stranger, method, theirs, body)
      expect({ ...refused.body, requestId: '' }, theirs).toEqual({ ...nobodys.body, requestId: '' })
      expect((await as(janitor, method, theirs, body)).status, theirs).toBe(403)
    }
    const other = { organisationId: organisation.id }
    expect((await as(stranger, 'POST', '/products', { ...BOOK, ...other })).status).toBe(404)
    expect((await as(janitor, 'POST', '/products', BOOK)).status).toBe(403)
    expect((await as(await registerPlayer(), 'POST', '/products', BOOK)).status).toBe(403)
    const foreign = { ...BOOK, categoryId: category.body.id }
    expect((await as(stranger, 'POST', '/products', foreign)).status).toBe(404)
    const own = await stageProduct({ categoryId: category.body.id }, organisation)
    expect(own.id).toMatch(/^prod_/)
  })
})

describe('a product', () => {
  it('keeps the fields of its kind', async () => {
    const { id, organisation } = await stageProduct()
    expect((await as(null, 'GET', `/products/${id}`)).body).toMatchObject({
      ...BOOK,
      details: { ...BOOK.details, isbn13: '9780385474542' },
      organisationId: organisation.id,
    })
    const speaker = await as(organisation.operator, 'POST', '/products', SPEAKER)
    expect(speaker.body).toMatchObject(SPEAKER)
    const specs = [{ name: 'Length', value: '2 m' }]
    const cable = { kind: 'accessory', title: 'Cable', price: BOOK.price, stock: 0, details: { specs } }
    expect((await as(organisation.operator, 'POST', '/products', cable)).body).toMatchObject({
      ...cable,
      status: 'draft',
      images: [],
      tags: [],
      categoryId: null,
    })
  })

  it.each([
    ['an ISBN with a wrong check digit', { details: { ...BOOK.details, isbn13: '9780385474543' } }],
    ['a book without an author', { details: { isbn13: null } }],
    ['the details of another kind', { details: SPEAKER.details }],
    ['eleven images', { images: Array.from({ length: 11 }, (_, at) => `https://a.example/${at}`) }],
    ['an image that is not https', { images: ['http://a.example/1'] }],
    ['an image with credentials', { images: ['https://user:pw@a.example/1'] }],
    ['no price', { price: { amount: 0, currency: 'KES' } }],
    ['a stock below zero', { stock: -1 }],
  ])('is refused with %s', async (_what, changes) => {
    const { operator } = await organisationWithOperator()
    const { status, body } = await as(operator, 'POST', '/products', { ...BOOK, ...changes })
    expect([status, body.code]).toEqual([422, 'validation_failed'])
  })

  it('changes only in the fields that are sent, and its stock only from the stock that was read', async () => {
    const { id, organisation } = await stageProduct()
    const put = (body: unknown) => as(organisation.operator, 'PUT', `/products/${id}`, body)
    const changed = await put({ title: 'Arrow of God', price: { amount: 900, currency: 'KES' } })
    expect(changed.body).toMatchObject({ title: 'Arrow of God', price: { amount: 900 }, stock: 3 })
    expect((await put({ stock: 10, stockWas: 2 })).body.code).toBe('conflict')
    expect((await put({ stock: 10, stockWas: 3 })).body.stock).toBe(10)
    expect((await put({ stockWas: 3 })).status).toBe(422)
    const wrong = await put({ details: SPEAKER.details })
    expect(wrong.body.errors.map(({ path }: { path: string }) => path)).toContain('details.author')
  })

  it('is visible only to members while it is a draft, and deleted if it was never ordered', async () => {
    const { id, organisation } = await stageProduct({ status: 'draft' })
    const { operator } = organisation
    expect((await as(null, 'GET', `/products/${id}`)).status).toBe(404)
    expect((await as(await registerPlayer(), 'GET', `/products/${id}`)).status).toBe(404)
    expect((await as(operator, 'GET', `/products/${id}`)).body.status).toBe('draft')
    const path = `/products?organisationId=${organisation.id}`
    expect((await as(null, 'GET', path)).body.data).toEqual([])
    expect((await as(operator, 'GET', path)).body.data).toHaveLength(1)
    expect((await as(operator, 'DELETE', `/products/${id}`)).status).toBe(204)
    expect((await as(operator, 'GET', `/products/${id}`)).status).toBe(404)
  })
})

describe('a product that is still a prize', () => {
  /** Each use of the product as a prize, and a call that changes that prize. */
  async function stageUses({ id, organisation }: Shelved) {
    const { operator } = organisation
    const prizes = [{ title: BOOK.title, quantity: 1, productId: id }]
    const others = [{ title: 'A pen', quantity: 1 }]
    const { terms } = seriesBody()
    const make = async (path: string, body: unknown) =>
      `${path}/${(await as(operator, 'POST', path, body)).body.id}`
    const giving = await make('/series', seriesBody({ title: 'Books', terms: { ...terms, prizes } }))
    const plain = await make('/series', seriesBody({ title: 'Pens' }))
    const reward = `${plain}/rewards/2031-05-06`
    await as(operator, 'PUT', reward, { prizes })
    const template = { ...terms, title: 'Evening draw', name: 'Evening', colour: '#000000' }
    const saved = await make('/raffle-templates', { ...template, prizes })
    const { id: draft } = await stageDraft({ prizes }, organisation)
    const put = (path: string, body: unknown) => () => as(operator, 'PUT', path, body)
    return [
      ['the series “Books”', put(giving, { terms: { prizes: others } })],
      ['the reward of 2031-05-06 in the series “Pens”', put(reward, { prizes: others })],
      ['the raffle template “Evening”', put(saved, { prizes: others })],
      ['the draft “Signed first editions”', put(`/raffles/${draft}`, { prizes: others })],
    ] as const
  }

  it('cannot be deleted until every use has another prize, and each use is named', async () => {
    const product = await stageProduct()
    const remove = () => as(product.organisation.operator, 'DELETE', `/products/${product.id}`)
    const uses = await stageUses(product)
    const first = (await remove()).body.detail
    const names = uses.slice(0, 3).map(([name]) => name)
    expect(first).toBe(
      `Still used by ${names.join(', ')}, others. Choose another prize there first, or archive this product.`,
    )
    for (const [name, change] of uses) {
      const { status, body } = await remove()
      expect([status, body.code, body.detail]).toEqual([409, 'invalid_state', expect.stringContaining(name)])
      expect((await as(null, 'GET', `/products/${product.id}`)).body.status).toBe('active')
      expect((await change()).status).toBe(200)
    }
    expect((await remove()).status).toBe(204)
    expect((await as(product.organisation.operator, 'GET', `/products/${product.id}`)).status).toBe(404)
  })

  it('can be archived, and is archived instead of deleted if units were set aside', async () => {
    const product = await stageProduct()
    const { operator } = product.organisation
    const prizes = [{ title: BOOK.title, quantity: 1, productId: product.id }]
    await stageRaffle({ prizes }, product.organisation)
    const body = seriesBody({ terms: { ...seriesBody().terms, prizes } })
    const { id } = (await as(operator, 'POST', '/series', body)).body
    const remove = () => as(operator, 'DELETE', `/products/${product.id}`)
    const status = async () => (await as(null, 'GET', `/products/${product.id}`)).body.status
    expect([(await remove()).status, await status()]).toEqual([409, 'active'])
    const archive = await as(operator, 'PUT', `/products/${product.id}`, { status: 'archived' })
    expect(archive.body.status).toBe('archived')
    await as(operator, 'PUT', `/products/${product.id}`, { status: 'active' })
    await as(operator, 'PUT', `/series/${id}`, { status: 'ended' })
    expect([(await remove()).status, await status()]).toEqual([204, 'archived'])
  })

  it('can be deleted once its day is over or the raffle of its day is published', async () => {
    const product = await stageProduct()
    const { operator } = product.organisation
    const { id } = (await as(operator, 'POST', '/series', seriesBody())).body
    const prizes = [{ title: BOOK.title, quantity: 1, productId: product.id }]
    const put = (date: string) => as(operator, 'PUT', `/series/${id}/rewards/${date}`, { prizes })
    const remove = () => as(operator, 'DELETE', `/products/${product.id}`)
    await put('2031-05-06')
    await sweep()
    expect((await remove()).status).toBe(204)
    await as(operator, 'PUT', `/products/${product.id}`, { status: 'active' })
    await put('2031-05-20')
    await as(operator, 'PUT', `/series/${id}`, { status: 'paused' })
    expect((await remove()).status).toBe(409)
    at(Date.parse('2031-05-22T00:00:00Z'))
    expect((await remove()).status).toBe(204)
  })
})

describe('the list of products', () => {
  it('can be filtered, sorted and paged', async () => {
    const organisation = await organisationWithOperator()
    const { body: shelf } = await as(organisation.operator, 'POST', '/categories', { name: 'Sound' })
    const add = async (changes: Record<string, unknown>) => (await stageProduct(changes, organisation)).id
    const cheap = await add({ title: 'arrow of God', price: { amount: 300, currency: 'KES' } })
    const book = await add({ tags: ['igbo'] })
    const soldOut = await add({ title: 'No Longer at Ease', stock: 0 })
    const speaker = await add({ ...SPEAKER, categoryId: shelf.id })
    const base = `/products?organisationId=${organisation.id}`
    const idsOf = async (query: string, limit = 100) =>
      (await readAll(`${base}${query}`, limit)).map(({ id }: { id: string }) => id)
    expect(await idsOf('&kind=sound_device')).toEqual([speaker])
    expect(await idsOf(`&categoryId=${shelf.id}`)).toEqual([speaker])
    expect(await idsOf('&minPrice=300&maxPrice=1200&sort=price')).toEqual([cheap, book, soldOut])
    expect(await idsOf('&minPrice=1201')).toEqual([speaker])
    expect(await idsOf('&inStock=true&sort=price')).toEqual([cheap, book, speaker])
    expect(await idsOf('&inStock=false')).toEqual([soldOut])
    expect(await idsOf('&q=ARROW')).toEqual([cheap])
    expect(await idsOf('&q=radiola')).toEqual([speaker])
    expect(await idsOf('&q=achebe&sort=price')).toEqual([cheap, book, soldOut])
    expect(await idsOf('&q=igbo')).toEqual([book])
    expect(await idsOf(`&q=${encodeURIComponent('achebe  arrow')}`)).toEqual([cheap])
    expect(await idsOf('&q=9780385474542&sort=price')).toEqual([cheap, book, soldOut])
    for (const nothing of ['"', '["', ' ']) {
      expect(await idsOf(`&q=${encodeURIComponent(nothing)}`), nothing).toEqual([])
    }
    expect(await idsOf('&status=draft')).toEqual([])
    for (const limit of [1, 2, 3, 100]) {
      expect(await idsOf('&sort=price', limit)).toEqual([cheap, book, soldOut, speaker])
      expect(await idsOf('&sort=-price', limit)).toEqual([speaker, soldOut, book, cheap])
      expect(await idsOf('&sort=-createdAt', limit)).toEqual([speaker, soldOut, book, cheap])
      expect(await idsOf('&sort=title', limit)).toEqual([cheap, speaker, soldOut, book])
    }
    expect((await as(null, 'GET', `${base}&inStock=maybe`)).status).toBe(422)
    const { nextCursor } = (await as(null, 'GET', `${base}&sort=title&limit=1`)).body
    expect((await as(null, 'GET', `${base}&sort=title&cursor=${nextCursor}`)).status).toBe(200)
    expect((await as(null, 'GET', `${base}&sort=price&cursor=${nextCursor}`)).status).toBe(400)
  })
})

describe('prices in several currencies', () => {
  const COMPARISONS = ['sort=price', 'sort=-price', 'minPrice=1', 'maxPrice=1000']
  const money = (amount: number, currency: string) => ({ price: { amount, currency } })

  async function stageMixed() {
    const organisation = await organisationWithOperator()
    const add = async (amount: number, currency: string, changes = {}) =>
      (await stageProduct({ ...money(amount, currency), ...changes }, organisation)).id
    return { organisation, base: `/products?organisationId=${organisation.id}`, add }
  }
  const idsOf = async (path: string, limit = 100) =>
    (await readAll(path, limit)).map(({ id }: { id: string }) => id)

  it.each(COMPARISONS)('are not compared: %s needs a currency', async (comparison) => {
    const { base, add } = await stageMixed()
    const dinars = await add(1_500, 'KWD')
    expect(await idsOf(`${base}&minPrice=1500`)).toEqual([dinars])
    await add(900, 'JPY')
    const path = `${base}&${comparison}`
    const { status, body } = await as(null, 'GET', path)
    const message =
      'is required to filter or sort by price: there are prices in several currencies, such as JPY and KWD'
    expect([status, body.errors]).toEqual([422, [{ path: 'currency', message }]])
    expect((await as(null, 'GET', `/products?${comparison}`)).status).toBe(422)
    expect((await as(null, 'GET', `${path}&currency=JPY`)).status).toBe(200)
    expect((await as(null, 'GET', `${path}&currency=jpy`)).status).toBe(422)
  })

  it('are filtered and sorted within one currency, page by page', async () => {
    const { base, add } = await stageMixed()
    const dear = await add(900, 'JPY')
    const dinars = await add(600, 'KWD')
    const cheap = await add(300, 'JPY')
    expect(await idsOf(base)).toEqual([cheap, dinars, dear])
    expect(await idsOf(`${base}&currency=JPY`)).toEqual([cheap, dear])
    for (const limit of [1, 100]) {
      expect(await idsOf(`${base}&currency=JPY&sort=price`, limit)).toEqual([cheap, dear])
      expect(await idsOf(`${base}&currency=JPY&sort=-price`, limit)).toEqual([dear, cheap])
    }
    expect(await idsOf(`${base}&currency=JPY&minPrice=301`)).toEqual([dear])
    expect(await idsOf(`${base}&currency=KWD&maxPrice=900`)).toEqual([dinars])
    expect(await idsOf(`${base}&currency=EUR&sort=price`)).toEqual([])
  })

  it('need no currency where only one is shown: a draft counts for members only', async () => {
    const { base, add, organisation } = await stageMixed()
    expect(await idsOf(`${base}&sort=price`)).toEqual([])
    const shown = await add(900, 'JPY')
    await add(600, 'KWD', { status: 'draft' })
    expect(await idsOf(`${base}&sort=price`)).toEqual([shown])
    const seen = (query: string) => as(organisation.operator, 'GET', `${base}&sort=price${query}`)
    expect((await seen('')).status).toBe(422)
    expect((await seen('&status=active')).status).toBe(200)
  })
})

describe('a search for products', () => {
  const named = async (path: string) => (await readAll(path, 2)).map(({ title }: { title: string }) => title)

  it('finds a book by its ISBN as it is printed, and by its author without accents', async () => {
    const organisation = await organisationWithOperator()
    const search = (q: string) =>
      named(`/products?organisationId=${organisation.id}&q=${encodeURIComponent(q)}`)
    const details = { author: 'Ngũgĩ wa Thiong’o', isbn13: '0-8044-2957-X' }
    const { id } = await stageProduct({ title: 'Petals of Blood', details }, organisation)
    expect((await as(null, 'GET', `/products/${id}`)).body.details.isbn13).toBe('9780804429573')
    await stageProduct({ title: 'Another', tags: ['Ñandú'] }, organisation)
    for (const q of ['9780804429573', '978-0-8044-2957-3', '080442957x', '0-8044-2957-X ngugi', 'THIONGO']) {
      expect(await search(q), q).toEqual(['Petals of Blood'])
    }
    expect(await search('nandu')).toEqual(['Another'])
    for (const isbn13 of ['0-8044-2957-1', '1234567890128']) {
      expect(
        (await as(organisation.operator, 'PUT', `/products/${id}`, { details: { ...details, isbn13 } }))
          .status,
      ).toBe(422)
    }
  })

  it('sorts titles by their letters, whatever their accents and quotation marks', async () => {
    const organisation = await organisationWithOperator()
    const titles = ['Zebra', 'Ärger', '“Mango”', 'apple', 'Яблоко', 'Ёлка', 'Øl', 'Éclair']
    for (const title of titles) await stageProduct({ title }, organisation)
    const sorted = ['apple', 'Ärger', 'Éclair', '“Mango”', 'Øl', 'Zebra', 'Ёлка', 'Яблоко']
    expect(await named(`/products?organisationId=${organisation.id}&sort=title`)).toEqual(sorted)
    await env.DB.prepare('UPDATE products SET folded = NULL WHERE organisation_id = ?')
      .bind(organisation.id)
      .run()
    const unfolded = await named(`/products?organisationId=${organisation.id}&sort=title`)
    expect(unfolded.toSorted()).toEqual(titles.toSorted())
    await sweep()
    expect(await named(`/products?organisationId=${organisation.id}&sort=title`)).toEqual(sorted)
  })

  it('finds what two changes at once have left of the text', async () => {
    const { id, organisation } = await stageProduct({ title: 'Old', tags: ['red'] })
    const change = (body: object) => as(organisation.operator, 'PUT', `/products/${id}`, body)
    const both = await Promise.all([change({ title: 'Éclair' }), change({ tags: ['grün'] })])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    await sweep()
    const search = (q: string) =>
      named(`/products?organisationId=${organisation.id}&q=${encodeURIComponent(q)}`)
    expect([await search('eclair grun'), await search('old'), await search('red')]).toEqual([
      ['Éclair'],
      [],
      [],
    ])
  })
})

describe('a page of products', () => {
  it('can follow a page that ended with a long title in any script', async () => {
    const organisation = await organisationWithOperator()
    const long = '詩'.repeat(70)
    const titles = [`${long}一`, `${long}二`, `${'𐐷'.repeat(65)}`, `${long}三`, 'Ödland']
    const ids: string[] = []
    for (const title of titles) ids.push((await stageProduct({ title }, organisation)).id)
    const path = `/products?organisationId=${organisation.id}&sort=title`
    const found = (await readAll(path, 1)).map(({ id }: { id: string }) => id)
    expect(found).toEqual([ids[4], ids[0], ids[1], ids[3], ids[2]])
  })
})

describe('a category', () => {
  it('gets a slug that is free if none is sent, also when several are created at once', async () => {
    const { id: organisationId, operator } = await organisationWithOperator()
    const create = (name: string) => as(operator, 'POST', '/categories', { name })
    const made = await Promise.all(['C++', 'C#', 'C', '詩', '詩'].map(create))
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
    const slugs = made.map(({ body }) => body.slug)
    expect(new Set(slugs).size).toBe(5)
    expect(slugs.slice(0, 3)).toContain('c')
    for (const { body } of made) {
      expect(body.slug).toMatch(/^(c|(c|category)-[0-9a-z]{10})$/)
      const path = `/categories/${body.slug}`
      expect((await as(null, 'GET', `${path}?organisationId=${organisationId}`)).body).toEqual(body)
      expect((await as(operator, 'PUT', `/categories/${body.id}`, { slug: body.slug })).status).toBe(200)
    }
  })

  it('is listed by its folded name, and found by words of it', async () => {
    const { id, operator } = await organisationWithOperator()
    for (const name of ['Zebra', 'Ärger', 'apple']) await as(operator, 'POST', '/categories', { name })
    const names = async (query = '') =>
      (await readAll(`/categories?organisationId=${id}${query}`, 1)).map(({ name }: { name: string }) => name)
    expect(await names()).toEqual(['apple', 'Ärger', 'Zebra'])
    expect(await names('&q=arger')).toEqual(['Ärger'])
  })

  it('is read by its slug only in its organisation', async () => {
    const { operator } = await organisationWithOperator()
    const other = await organisationWithOperator()
    const { body } = await as(operator, 'POST', '/categories', { name: 'Poems' })
    const inOther = `organisationId=${other.id}`
    for (const [path, status] of [
      ['poems', 422],
      [`poems?${inOther}`, 404],
      [`${body.id}?${inOther}`, 404],
      [body.id, 200],
      ['Poems', 404],
    ]) {
      expect((await as(null, 'GET', `/categories/${path}`)).status, String(path)).toBe(status)
    }
  })

  it('has a unique slug in its organisation, and can be deleted once nothing uses it', async () => {
    const organisation = await organisationWithOperator()
    const { operator } = organisation
    const made = await as(operator, 'POST', '/categories', { name: 'First Editions' })
    expect(made.body).toMatchObject({ slug: 'first-editions', organisationId: organisation.id })
    const named = { name: 'First editions!', slug: 'first-editions' }
    const again = await as(operator, 'POST', '/categories', named)
    expect([again.status, again.body.code]).toEqual([409, 'conflict'])
    const other = await as((await organisationWithOperator()).operator, 'POST', '/categories', {
      name: 'First editions',
    })
    expect(other.status).toBe(201)
    const { body: poems } = await as(operator, 'POST', '/categories', { name: '詩', slug: 'poems' })
    const path = `/categories/${poems.id}`
    expect((await as(operator, 'PUT', path, { slug: 'first-editions' })).status).toBe(409)
    expect((await as(operator, 'PUT', path, { name: 'Poems' })).body).toMatchObject({
      name: 'Poems',
      slug: 'poems',
    })
    const list = await readAll(`/categories?organisationId=${organisation.id}`, 1)
    expect(list.map(({ name }: { name: string }) => name)).toEqual(['First Editions', 'Poems'])
    const { id } = await stageProduct({ categoryId: poems.id }, organisation)
    expect((await as(operator, 'DELETE', path)).body.code).toBe('invalid_state')
    await as(operator, 'PUT', `/products/${id}`, { categoryId: null })
    const { id: raffleId } = await stageDraft({ categoryId: poems.id }, organisation)
    const { terms } = seriesBody()
    const daily = seriesBody({ terms: { ...terms, categoryId: poems.id } })
    const { body: series } = await as(operator, 'POST', '/series', daily)
    expect(series.terms.categoryId).toBe(poems.id)
    const { body: template } = await as(operator, 'POST', '/raffle-templates', {
      ...daily.terms,
      title: 'Evening draw',
      name: 'Evening',
      colour: '#000000',
    })
    for (const [route, change, name] of [
      [`/raffles/${raffleId}`, { categoryId: null }, 'the raffle “Signed first editions”'],
      [`/series/${series.id}`, { terms: { categoryId: null } }, 'the series “Daily lucky draw”'],
      [`/raffle-templates/${template.id}`, { categoryId: null }, 'the raffle template “Evening”'],
    ] as const) {
      const { body } = await as(operator, 'DELETE', path)
      expect([body.code, body.detail.split(',')[0]]).toEqual([
        'invalid_state',
        expect.stringContaining(`Still used by ${name}`),
      ])
      expect((await as(operator, 'PUT', route, change)).status).toBe(200)
    }
    expect((await as(operator, 'DELETE', path)).status).toBe(204)
    const left = env.DB.prepare('SELECT count(*) AS n FROM categories WHERE id = ?').bind(poems.id)
    expect(await left.first('n')).toBe(0)
  })
})
