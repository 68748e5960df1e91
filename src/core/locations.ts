/** The regions that the platform knows for new objects. It makes an object in the named one, or near it. */
import * as z from 'zod'

export const Location = z.enum(['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'])
export type Location = z.infer<typeof Location>
