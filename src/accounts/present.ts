/** Turns rows of accounts into responses. Every field is named, so that a new column stays private. */
import { toInstant } from '../core/time.ts'
import type { Organisation, User } from './contract.ts'
import type { OrganisationRow, UserRow } from './schema.ts'

export function presentUser(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    emailVerified: row.emailVerifiedAt !== null,
    name: row.name,
    phone: row.phone,
    language: row.language,
    role: row.role,
    status: row.status,
    winnerDisplay: row.winnerDisplay,
    createdAt: toInstant(row.createdAt),
    updatedAt: toInstant(row.updatedAt),
  }
}

export function presentOrganisation(row: OrganisationRow): Organisation {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    pricedSales: row.pricedSalesSince !== null,
    createdAt: toInstant(row.createdAt),
    updatedAt: toInstant(row.updatedAt),
  }
}
