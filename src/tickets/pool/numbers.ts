/** A reservation's numbers as one compact value: four bytes each, in the order in which they were given out. */

export const packNumbers = (numbers: readonly number[]): ArrayBuffer => new Uint32Array(numbers).buffer

export const unpackNumbers = (packed: ArrayBuffer): number[] => Array.from(new Uint32Array(packed))
