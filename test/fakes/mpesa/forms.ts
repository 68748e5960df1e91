/** The forms of what is sent to Daraja, and the names, times and texts of what it answers. */
import { badRequest } from './refusal.ts'

/** A request's body, whose values are not checked yet. */
export type Body = Record<string, unknown>

const NAIROBI_MS = 3 * 3_600_000
const PHONE = /^254[17]\d{8}$/
/** Daraja refuses a timestamp that is far from its own clock. */
const CLOCK_MS = 10 * 60_000

const RESULT_TEXTS: Record<string, string> = {
  0: 'The service request is processed successfully.',
  1: 'The balance is insufficient for the transaction.',
  1019: 'Transaction has expired',
  1032: 'Request cancelled by user',
  1037: 'DS timeout user cannot be reached',
  2001: 'The initiator information is invalid.',
  R000001: 'The transaction has already been reversed.',
}

export const textOf = (code: number | string): string => RESULT_TEXTS[code] ?? `Result ${code}`

export function wholeAmount(amount: unknown): number {
  if (!/^[1-9]\d{0,8}$/.test(String(amount))) throw badRequest('Amount')
  return Number(amount)
}

export const isPhone = (value: unknown): boolean => PHONE.test(String(value))

export const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= most

export const isAddress = (url: unknown): boolean => typeof url === 'string' && /^https?:\/\/[^\s]+$/.test(url)

export function addressesOf({ ResultURL, QueueTimeOutURL }: Body) {
  if (!isAddress(ResultURL)) throw badRequest('ResultURL')
  if (!isAddress(QueueTimeOutURL)) throw badRequest('QueueTimeOutURL')
  return { resultUrl: String(ResultURL), timeOutUrl: String(QueueTimeOutURL) }
}

/** `yyyyMMddHHmmss` in Nairobi. */
export const timestamp = (ms: number): string =>
  new Date(ms + NAIROBI_MS).toISOString().replaceAll(/\D/g, '').slice(0, 14)

/** Whether it is a time in Nairobi that is near to now. */
export function isNear(text: string): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  if (match === null) return false
  const [, year, month, day, hour, minute, second] = match
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - NAIROBI_MS
  return Math.abs(ms - Date.now()) <= CLOCK_MS
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Such as RLA0R69NXM. */
export const newReceipt = (): string =>
  `R${[...crypto.getRandomValues(new Uint8Array(9))].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`

const digits = (count: number): string =>
  [...crypto.getRandomValues(new Uint8Array(count))].map((byte) => byte % 10).join('')

export const newMerchantId = (): string => `${digits(5)}-${digits(8)}-1`

export const newConversationId = (): string =>
  `AG_${timestamp(Date.now()).slice(0, 8)}_${crypto.randomUUID().slice(0, 20)}`
