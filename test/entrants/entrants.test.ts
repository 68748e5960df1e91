// Who takes part: members with the permission see names and addresses, and the phone numbers of winners. Nobody else does.
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { audit } from '../../src/audit/schema.ts'
import { reserve, stagePriced } from '../checkout/checkout.ts'
import {
  addOperator,
  organisationWithOperator,
  registerPlayer,
  testContext,
  withUserToken,
} from '../harness/people.ts'
import {
  as,
  buy,
  drawOnTime,
  readAll,
  type Staged,
  stageDraft,
  stageRaffle,
  useClock,
} from '../raffles/scenario.ts'

useClock()

const fileOf = async (raffle: Staged, query = ''): Promise<string[]> => {
  const answer = await as(raffle.operator, 'GET', `/raffles/${raffle.id}/reservations.csv${query}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${raffle.id}-entrants.csv"`)
  return answer.body.trimEnd().split('\n')
}

describe('the entrants of a raffle', () => {
  it('are listed with name and address, the oldest reservation first, page by page', async () => {
    const raffle = await stageRaffle({ numbering: 'chosen', maxPerUser: 5 })
    const [amina, otieno] = [
      await registerPlayer(),
      await registerPlayer({ name: 'Otieno', phone: '+254712345678' }),
    ]
    await buy(amina, raffle.id, { numbers: [7, 3] })
    await buy(otieno, raffle.id, { numbers: [5] })
    await buy(amina, raffle.id, { numbers: [1] })
    const path = `/raffles/${raffle.id}/reservations`
    const { body } = await as(raffle.operator, 'GET', path)
    expect(body.data).toMatchObject([
      {
        reservation: { raffleId: raffle.id, state: 'sold', quantity: 2 },
        tickets: [{ number: 7 }, { number: 3 }],
        entrant: { id: amina.id, name: amina.name, email: amina.email, phone: null },
      },
      { entrant: { name: 'Otieno', email: otieno.email, phone: null } },
      { tickets: [{ number: 1 }], entrant: { id: amina.id } },
    ])
    for (const limit of [1, 2, 3]) expect(await readAll(path, limit, raffle.operator)).toEqual(body.data)
  })

  it('show the phone number of a winner, until the prize is lost', async () => {
    const raffle = await stageRaffle({ onUnclaimed: 'keep' })
    const phone = '+254712345678'
    const [one, other] = [await registerPlayer({ phone }), await registerPlayer({ phone })]
    for (const player of [one, other]) await buy(player, raffle.id)
    await drawOnTime(raffle)
    const phones = async () =>
      (await as(raffle.operator, 'GET', `/raffles/${raffle.id}/reservations`)).body.data
        .map(({ entrant }: { entrant: { phone: string | null } }) => entrant.phone)
        .sort()
    expect(await phones()).toEqual([phone, null])
    await env.DB.prepare(`UPDATE winners SET status = 'declined' WHERE raffle_id = ?`).bind(raffle.id).run()
    expect(await phones()).toEqual([null, null])
  })

  it('can be narrowed by state', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    await reserve(player, raffle.id)
    const path = `/raffles/${raffle.id}/reservations?state=`
    const count = async (state: string) => (await as(raffle.operator, 'GET', path + state)).body.data.length
    expect([await count('held'), await count('sold'), await count('sold,held')]).toEqual([1, 0, 1])
    expect(await fileOf(raffle, '?state=sold')).toHaveLength(1)
  })

  it('of a draft are none', async () => {
    const draft = await stageDraft()
    const { body } = await as(draft.operator, 'GET', `/raffles/${draft.id}/reservations`)
    expect(body).toEqual({ data: [], nextCursor: null })
  })

  it('are a file that spreadsheets read as UTF-8 and whose cells run no formula', async () => {
    const raffle = await stageRaffle({ numbering: 'chosen', maxPerUser: 5 })
    const names = ['=1+1', '+1', '-1', '@SUM(A1)', 'Müller, "Jo"']
    for (const [at, name] of names.entries()) {
      await buy(await registerPlayer({ name }), raffle.id, { numbers: [at + 1, at + 11] })
    }
    const [header, ...lines] = await fileOf(raffle)
    expect(header).toBe('reservation,state,quantity,numbers,createdAt,issuedAt,name,email,phone')
    expect(lines).toHaveLength(names.length)
    // `text()` drops the byte-order mark.
    const request = new Request(`http://localhost/api/v1/raffles/${raffle.id}/reservations.csv`, {
      headers: { authorization: `Bearer ${await withUserToken(raffle.operator.id)}` },
    })
    const bytes = new Uint8Array(await (await exports.default.fetch(request)).arrayBuffer())
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    const cells = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", '"Müller, ""Jo"""']
    for (const [at, cell] of cells.entries()) {
      expect(lines[at]).toMatch(/^res_\w+,sold,2,/)
      expect(lines[at]).toContain(`,${at + 1} ${at + 11},`)
      expect(lines[at]).toContain(`,${cell},`)
    }
  })

  it('are shown to members with the permission alone; each file is audited, and a refusal is not', async () => {
    const raffle = await stageRaffle()
    const janitor = await addOperator(raffle.organisation.id, 'janitor')
    const stranger = (await organisationWithOperator()).operator
    const player = await registerPlayer()
    await buy(player, raffle.id)
    for (const path of ['reservations', 'reservations.csv']) {
      const statusFor = async (who: { id: string } | null) =>
        (await as(who, 'GET', `/raffles/${raffle.id}/${path}`)).status
      expect([await statusFor(janitor), await statusFor(stranger), await statusFor(player)]).toEqual([
        403, 404, 404,
      ])
      expect(await statusFor(null)).toBe(401)
    }
    await fileOf(raffle)
    const rows = await testContext().db.select().from(audit)
    expect(
      rows.filter(({ subjectId, action }) => subjectId === raffle.id && action.includes('entrants')),
    ).toMatchObject([
      {
        actor: raffle.operator.id,
        action: 'raffle.entrants_exported',
        organisationId: raffle.organisation.id,
      },
    ])
  })
})
