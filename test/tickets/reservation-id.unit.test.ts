// A reservation's id contains its address, sorts by time, and is a valid UUIDv7.

import fc from 'fast-check'
import { TypeID } from 'typeid-js'
import { describe, expect, it } from 'vitest'
import { Id, newId } from '../../src/core/ids.ts'
import { poolNameOf, reservationAddress, reservationId } from '../../src/tickets/reservation-id.ts'

const seqs = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
)
const times = fc.oneof(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer({ min: 17e11, max: 19e11 }))
const pools = fc
  .oneof(fc.bigInt({ min: 0n, max: 2n ** 42n - 1n }), fc.constantFrom(0n, 1n, 2n ** 42n - 1n))
  .map((bits) => bits.toString(16).padStart(11, '0'))

describe('a reservation id', () => {
  it('gives back its pool and its place', () => {
    fc.assert(
      fc.property(pools, seqs, times, (pool, seq, at) => {
        expect(reservationAddress(reservationId(pool, seq, at))).toEqual({ pool, seq })
      }),
      { numRuns: 500 },
    )
  })

  it('has the public format and is a UUIDv7 of its time', () => {
    fc.assert(
      fc.property(pools, seqs, times, (pool, seq, at) => {
        const id = reservationId(pool, seq, at)
        expect(Id('reservation').safeParse(id).success).toBe(true)
        const uuid = TypeID.fromString(id).toUUID()
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toBe(at)
      }),
      { numRuns: 300 },
    )
  })

  it('sorts by time, then by place', () => {
    fc.assert(
      fc.property(
        pools,
        fc.uniqueArray(fc.tuple(times, seqs), { selector: (pair) => pair.join(), maxLength: 20 }),
        (pool, made) => {
          const inOrder = [...made].sort(([at, seq], [at2, seq2]) => at - at2 || seq - seq2)
          const ids = inOrder.map(([at, seq]) => reservationId(pool, seq, at))
          expect([...ids].sort()).toEqual(ids)
        },
      ),
    )
  })

  it('differs for another pool, place or time', () => {
    fc.assert(
      fc.property(pools, seqs, times, pools, seqs, times, (pool, seq, at, pool2, seq2, at2) => {
        fc.pre(pool !== pool2 || seq !== seq2 || at !== at2)
        expect(reservationId(pool, seq, at)).not.toBe(reservationId(pool2, seq2, at2))
      }),
    )
  })

  it('always gives an address, even if it is made up, so that the pool can answer that it has none', () => {
    for (let round = 0; round < 50; round++) {
      const { pool, seq } = reservationAddress(newId('reservation'))
      expect(pool).toMatch(/^[0-9a-f]{11}$/)
      expect(Number.isInteger(seq) && seq >= 0 && seq < 2 ** 32).toBe(true)
    }
  })
})

describe('a pool’s name', () => {
  it('comes from the random part of the raffle’s id', () => {
    const names = new Set(Array.from({ length: 2_000 }, () => poolNameOf(newId('raffle'))))
    expect(names.size).toBe(2_000)
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{11}$/)
    const id = newId('raffle')
    expect(poolNameOf(id)).toBe(poolNameOf(id))
  })
})
