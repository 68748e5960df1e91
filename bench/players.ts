/** Who plays in the bench: made by counting, so that worker, database and load generator agree without asking. */

/** The player's user id: a prefix and a number of 23 digits, which a TypeID allows. */
export const playerId = (index: number): string => `user_01k${String(index).padStart(23, '0')}`

/** The same in SQL. */
export const PLAYER_ID_SQL = "printf('user_01k%023d', i)"

/** Shares no factor with the totals in use, so that its multiples meet every number once. */
const STRIDE = 618_033

/** The `index`-th of `total` ticket numbers in a scattered order: 1 to `total`, each once. */
export const spread = (index: number, total: number): number => ((index * STRIDE) % total) + 1
