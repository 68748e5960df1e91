/** Cells of latitude and longitude, so that what is near a point is found by a few words of the index. Pure. */

/** The sides of cells, in degrees: each divides the circle. */
const SIDES = [0.25, 1, 5, 15] as const
/** The most cells that one search looks up; the largest cells are allowed more. */
const MOST_CELLS = 36
/** Cells reach a little farther than asked, so that rounding loses nothing. */
const SLACK = 1.001

/** The mean radius of the Earth, as the IUGG has it. */
export const EARTH_KM = 6_371.0088

const HALF_TURN = 180
const radians = (degrees: number): number => (degrees * Math.PI) / HALF_TURN
const degrees = (angle: number): number => (angle * HALF_TURN) / Math.PI

export interface Point {
  latitude: number
  longitude: number
}

const rowOf = (latitude: number, side: number): number => Math.floor((latitude + 90) / side)
const columnOf = (longitude: number, side: number): number => Math.floor((longitude + HALF_TURN) / side)

function cell(side: number, row: number, column: number): string {
  const columns = 360 / side
  return `${side}·${row}·${((column % columns) + columns) % columns}`
}

/** The cells that a point lies in, one of each size. */
export const cellsOf = ({ latitude, longitude }: Point): string[] =>
  SIDES.map((side) => cell(side, rowOf(latitude, side), columnOf(longitude, side)))

/** Cells of one size that cover everything within `radiusKm`, across the date line and around the poles too. */
export function cellsAround({ latitude, longitude }: Point, radiusKm: number): string[] {
  const angle = (radiusKm * SLACK) / EARTH_KM
  const height = degrees(angle)
  const south = Math.max(-90, latitude - height)
  const north = Math.min(90, latitude + height)
  const sine = Math.sin(angle) / Math.cos(radians(latitude))
  // A circle around a pole has every longitude.
  const width =
    south === -90 || north === 90 || sine >= 1 || angle >= Math.PI / 2 ? HALF_TURN : degrees(Math.asin(sine))
  for (const side of SIDES) {
    const columns = 360 / side
    const [bottom, top] = [rowOf(south, side), rowOf(north, side)]
    const west = columnOf(longitude - width, side)
    const count = Math.min(columns, columnOf(longitude + width, side) - west + 1)
    if (side !== SIDES.at(-1) && count * (top - bottom + 1) > MOST_CELLS) continue
    return Array.from({ length: top - bottom + 1 }, (_, row) =>
      Array.from({ length: count }, (_, column) => cell(side, bottom + row, west + column)),
    ).flat()
  }
  throw new Error('the largest cells always do')
}

/** The distance on a sphere, by the haversine formula. */
export function distanceKm(a: Point, b: Point): number {
  const across = Math.sin(radians(b.latitude - a.latitude) / 2)
  const along = Math.sin(radians(b.longitude - a.longitude) / 2)
  const h = across ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * along ** 2
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, h)))
}
