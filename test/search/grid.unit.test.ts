import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cellsAround, cellsOf, distanceKm } from '../../src/search/grid.ts'

const latitude = fc.oneof(
  fc.double({ min: -90, max: 90, noNaN: true }),
  fc.constantFrom(-90, 90, 0, 89.9, -89.99),
)
const longitude = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(-180, 180, 179.99, -179.99, 0),
)

it('finds every point within the radius, across the date line and at the poles', () => {
  const near = fc.double({ min: -1, max: 1, noNaN: true })
  fc.assert(
    fc.property(
      latitude,
      longitude,
      near,
      near,
      fc.integer({ min: 1, max: 1_000 }),
      (lat, lng, up, right, radiusKm) => {
        const centre = { latitude: lat, longitude: lng }
        const reach = radiusKm / 111
        const turned = lng + (right * reach) / Math.max(0.01, Math.cos((lat * Math.PI) / 180))
        const point = {
          latitude: Math.max(-90, Math.min(90, lat + up * reach)),
          longitude: ((((turned + 180) % 360) + 360) % 360) - 180,
        }
        fc.pre(distanceKm(centre, point) <= radiusKm)
        const cells = new Set(cellsAround(centre, radiusKm))
        expect(cellsOf(point).some((cell) => cells.has(cell))).toBe(true)
      },
    ),
    { numRuns: 3_000 },
  )
})

it('looks up few cells', () => {
  fc.assert(
    fc.property(latitude, longitude, fc.integer({ min: 1, max: 1_000 }), (lat, lng, radiusKm) => {
      expect(cellsAround({ latitude: lat, longitude: lng }, radiusKm).length).toBeLessThanOrEqual(72)
    }),
  )
})

it('measures distances as others do', () => {
  const nairobi = { latitude: -1.2864, longitude: 36.8172 }
  expect(distanceKm(nairobi, { latitude: -4.0435, longitude: 39.6682 })).toBeCloseTo(440, -1)
  expect(distanceKm({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBeCloseTo(20_015, 0)
})
