import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { CreateProduct, UpdateProduct } from '../../src/catalog/contract.ts'
import { readSettings } from '../../src/core/settings.ts'
import { InstantIn } from '../../src/core/time.ts'
import { fieldErrors } from '../../src/core/validation.ts'
import { WholeNumber } from '../../src/core/whole-number.ts'
import { RequestPayout } from '../../src/payouts/contract.ts'
import { PrizesIn } from '../../src/raffles/prize-contract.ts'

/** The field errors of `value` under `schema`, as `path: message`. */
function errorsOf(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value)
  return error === undefined ? [] : fieldErrors(error).map(({ path, message }) => `${path}: ${message}`)
}

const Text = z.string().min(3).max(5)
const Whole = z.number().int().min(1).max(10)
const Choice = z.enum(['a', 'b'])
const Shape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('square'), side: Whole }),
  z.strictObject({ kind: z.literal('circle'), radius: Whole }),
])

describe('the error of a field', () => {
  it.each<[z.ZodType, unknown, string]>([
    [Text, undefined, 'is required'],
    [Whole, undefined, 'is required'],
    [Choice, undefined, 'is required'],
    [Shape, undefined, 'is required'],
    [z.literal('a'), undefined, 'is required'],
    [z.array(Text), undefined, 'is required'],
    [Text, 7, 'must be text'],
    [Whole, '1', 'must be a whole number'],
    [Whole, 1.5, 'must be a whole number'],
    [WholeNumber(0, 9), 'soon', 'must be a whole number'],
    [WholeNumber(0, 9), '', 'must be a whole number'],
    [WholeNumber(0, 9), '10', 'must be at most 9'],
    [WholeNumber(0, 9), '-1', 'must be at least 0'],
    [z.number(), 'x', 'must be a number'],
    [z.boolean(), 'yes', 'must be true or false'],
    [z.array(Text), 'x', 'must be a list'],
    [Shape, 'x', 'must be an object'],
    [z.strictObject({}), null, 'must be an object'],
    [Choice, 'c', 'must be one of a, b'],
    [z.literal('a'), 'c', 'must be a'],
    [Text, 'ab', 'must have at least 3 characters'],
    [Text, 'abcdef', 'must have at most 5 characters'],
    [z.string().max(1), 'ab', 'must have at most 1 character'],
    [z.string().min(1), '', 'must not be empty'],
    [z.array(Text).min(1), [], 'must not be empty'],
    [z.array(Text).max(1), ['abc', 'abc'], 'must have at most 1 entry'],
    [z.array(Text).min(2), ['abc'], 'must have at least 2 entries'],
    [Whole, 0, 'must be at least 1'],
    [Whole, 11, 'must be at most 10'],
    [z.number().gt(0), 0, 'must be above 0'],
    [z.url(), 'x', 'must be a web address such as https://raffles.example'],
    [z.e164(), '0712', 'must be a phone number with its country code, such as +254712345678'],
    [InstantIn, '2027-02-20T00:00:00', 'must be a time with its offset, such as 2026-11-20T20:00:00+03:00'],
    [z.string().regex(/^x$/), 'y', 'has the wrong format'],
  ])('is a plain sentence: %#', (schema, value, message) => {
    expect(errorsOf(z.object({ field: schema }), { field: value })).toEqual([`field: ${message}`])
  })

  it('says that an unknown field is unknown', () => {
    expect(errorsOf(z.strictObject({}), { size: 1 })).toEqual(['size: is not a known field'])
  })

  it('has the same words for a setting', () => {
    expect(readSettings({ HOLD_SECONDS: 'soon', BEACON: 'dice' })).toEqual({
      ok: false,
      problems: ['HOLD_SECONDS: must be a whole number', 'BEACON: must be one of dev, quicknet'],
    })
  })
})

describe('the error of a union', () => {
  it.each<[object, string[]]>([
    [{ quantity: 1 }, ['0.title: is required']],
    [{ title: 'Book', quantity: '1' }, ['0.quantity: must be a whole number']],
    [{ title: 'Book', quantity: 1, value: 7 }, ['0.value: must be an object']],
    [{ kind: 'cash', title: 'Cash', quantity: 1 }, ['0.value: is required']],
    [
      { kind: 'share', title: 'Half', quantity: 1, value: { shareBps: 0 } },
      ['0.value.shareBps: must be at least 1'],
    ],
    [{ kind: 'boat', title: 'Boat', quantity: 1 }, ['0.kind: must be one of item, cash, share']],
    [{ kind: 'item', title: 'Book', quantity: 1, colour: 'red' }, ['0.colour: is not a known field']],
  ])('is about the kind of prize that was sent: %j', (prize, errors) => {
    expect(errorsOf(PrizesIn, [prize])).toEqual(errors)
  })

  it('is absent for a prize without a kind, which is an item', () => {
    expect(PrizesIn.parse([{ title: 'Book', quantity: 1 }])).toEqual([
      { kind: 'item', title: 'Book', quantity: 1, value: null },
    ])
  })

  it('is about the only member that knows every field', () => {
    const raffleId = 'raffle_01kaf1q7v8fmk9m2q0c8w1g6ne'
    expect(errorsOf(RequestPayout, { raffleId, provider: 'manual' })).toEqual(['destination: is required'])
    expect(errorsOf(UpdateProduct, { details: { author: 5 } })).toEqual(['details.author: must be text'])
  })

  it('is about the whole union if several members know every field', () => {
    expect(errorsOf(RequestPayout, { provider: 'manual' })).toEqual([
      ': must have a provider and a destination, and either a raffleId, or an eventId or organisationId with a currency',
    ])
  })

  it('is about the details of the named kind', () => {
    const book = { kind: 'book', title: 'Book', stock: 1, price: { amount: 1, currency: 'KES' } }
    expect(errorsOf(CreateProduct, { ...book, details: {} })).toEqual(['details.author: is required'])
    expect(errorsOf(CreateProduct, { ...book, kind: 'boat', details: {} })).toEqual([
      'kind: must be one of book, sound_device, accessory, other',
    ])
  })
})
