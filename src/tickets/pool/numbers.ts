/** Packs a reservation's numbers into one compact value: four bytes each, in the order in which they were assigned. */

export const packNumbers = (numbers: readonly number[]): ArrayBuffer => new Uint32Array(numbers).buffer

export const unpackNumbers = (packed: ArrayBuffer): number[] => Array.from(new Uint32Array(packed))
