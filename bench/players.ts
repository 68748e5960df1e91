/** The bench's players. Their ids are counted, so that worker, database and load generator agree on them. */

/** The player's user id: a prefix and a number of 23 digits, which a TypeID allows. */
export const playerId = (index: number): string => `user_01k${String(index).padStart(23, '0')}`

/** The same in SQL. */
export const PLAYER_ID_SQL = "printf('user_01k%023d', i)"
