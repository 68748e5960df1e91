/** A bank account to which a person transfers money by hand. */
import isIBAN from 'validator/lib/isIBAN.js'
import * as z from 'zod'
import { Line } from '../core/text.ts'

/** ISO 13616: up to 34 letters and digits, people write them in groups. */
const Iban = z
  .string()
  .max(60)
  .overwrite((text) => text.replaceAll(/[\s-]/g, '').toUpperCase())
  .refine((text) => isIBAN(text), 'is not a valid IBAN: compare it with your bank’s')

const AccountNumber = z
  .string()
  .trim()
  .regex(
    /^[0-9A-Za-z](?:[ ./-]?[0-9A-Za-z]){3,33}$/,
    'must be an account number of 4 to 34 letters and digits',
  )

export const BankAccount = z
  .strictObject({
    holder: Line(2, 120).describe('The holder of the account, as the bank writes the name.'),
    bank: Line(2, 120).describe('The bank, with its branch or code where transfers need one.'),
    account: AccountNumber.optional().describe('The number of the account, at a bank that has no IBANs.'),
    iban: Iban.optional().describe('The IBAN of the account. It is stored without spaces.'),
  })
  .refine(
    ({ account, iban }) => (account === undefined) !== (iban === undefined),
    'send either account or iban',
  )
  .meta({ id: 'BankAccount' })
export type BankAccount = z.infer<typeof BankAccount>

export const numberOf = ({ account, iban }: BankAccount): string => (iban ?? account)!

/** The account in one line, for the person who pays. The number comes last. */
export const bankLine = (bank: BankAccount): string => `${bank.holder}, ${bank.bank}, ${numberOf(bank)}`
