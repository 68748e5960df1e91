/** Kenyan mobile numbers: any form in which people write them, as E.164 (`+254712345678`). */
import { parsePhoneNumberFromString } from 'libphonenumber-js/core'
import { KENYA } from './kenya.ts'

export const WHY_NOT_PHONE = 'must be a Kenyan mobile number, such as 0712 345 678 or +254712345678'

/** Null: it is no Kenyan mobile number. `0712345678`, `712345678`, `254712345678` and `+254 712 345 678` are the same. */
export function readPhone(text: string): string | null {
  const phone = parsePhoneNumberFromString(text, { defaultCountry: 'KE', extract: false }, KENYA)
  return phone?.isValid() && phone.ext === undefined ? phone.number : null
}

/** As M-Pesa writes it: `254712345678`. */
export const toMsisdn = (phone: string): string => phone.slice(1)
