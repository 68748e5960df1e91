/** Errors of D1 on their way from the writer to its callers. */
import { isTransient } from '../database.ts'
import type { PlainError } from './contract.ts'

/**
 * SQLite's verdict on a statement, such as a violated constraint. D1 has then rolled the whole batch back. After any
 * other error nobody knows whether the batch was committed.
 */
const REFUSED = /SQLITE_(?:CONSTRAINT|ERROR|MISMATCH|RANGE|TOOBIG|AUTH)\b|wrong number of parameter bindings/i

export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && REFUSED.test(error.message) && !isTransient(error)

export function toPlain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error), cause: null }
  return { message: error.message, cause: error.cause instanceof Error ? error.cause.message : null }
}

export const toError = ({ message, cause }: PlainError): Error =>
  cause === null ? new Error(message) : new Error(message, { cause: new Error(cause) })
