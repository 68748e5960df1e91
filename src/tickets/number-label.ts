/** A ticket's number as people read it. */

/** `digits`: as many as an official lottery's numbers have; null: no leading zeros. */
export const labelOf = (number: number, digits: number | null): string =>
  String(number).padStart(digits ?? 0, '0')
