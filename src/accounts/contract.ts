/** Schemas for the routes of accounts, shared by routes, the API document, pages and tests. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { SearchWords } from '../core/search.ts'
import { IdOrSlug } from '../core/slug.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { isStoredAddress, toStoredAddress } from './email-address.ts'
import { LANGUAGES, USER_ROLES, USER_STATUSES, WINNER_DISPLAYS } from './schema.ts'

export const MIN_PASSWORD_LENGTH = 12
export const MAX_PASSWORD_LENGTH = 128
const MAX_NAME_LENGTH = 100
/** RFC 5321 §4.5.3.1.3 limits a path to 256 characters with its brackets, which leaves 254 for the address. */
const MAX_EMAIL_LENGTH = 254
const MAX_REFRESH_TOKEN_LENGTH = 128
const MAX_DEVICE_TOKEN_LENGTH = 128

/** An e-mail address, parsed to its stored form. */
export const Email = z
  .string()
  .trim()
  .max(MAX_EMAIL_LENGTH)
  .overwrite(toStoredAddress)
  .refine(isStoredAddress, 'must be an e-mail address')
  .meta({ format: 'idn-email' })

/** The name of a person or an organisation. */
export const Name = Line(1, MAX_NAME_LENGTH).regex(/[\p{L}\p{N}]/u, 'must contain a letter or a digit')

/** E.164: `+254712345678`. */
export const Phone = z.e164()

export const NewPassword = z.string().min(MIN_PASSWORD_LENGTH).max(MAX_PASSWORD_LENGTH)
/** A password to check. It has no minimum length, so that a short password is wrong and not invalid. */
export const Password = z.string().min(1).max(MAX_PASSWORD_LENGTH)

export const UserRole = z.enum(USER_ROLES)
export const UserStatus = z.enum(USER_STATUSES)
export const WinnerDisplay = z.enum(WINNER_DISPLAYS).meta({
  description: 'How the public sees a winner: the full name, its initials, or neither.',
})
export type WinnerDisplay = z.infer<typeof WinnerDisplay>

export const Language = z.enum(LANGUAGES).meta({ description: 'The language of mails.' })
export type Language = z.infer<typeof Language>

export const UserParams = z.object({ id: Id('user') })
export const OrganisationParams = z.object({ id: Id('organisation') })
export const OrganisationKey = z.object({ id: IdOrSlug('organisation') })
export const MemberParams = z.object({ id: Id('organisation'), userId: Id('user') })

// ——— Signing in ———

export const RegisterUser = z
  .strictObject({
    email: Email,
    password: NewPassword,
    name: Name,
    phone: Phone.optional(),
    language: Language.optional(),
  })
  .meta({ id: 'RegisterUser' })
export type RegisterUser = z.infer<typeof RegisterUser>

/** What was asked, and nothing about the user who has the address. */
export const Registration = z.lazy(() =>
  z
    .strictObject({
      email: z.string(),
      name: z.string(),
      phone: z.string().nullable(),
      language: Language.nullable(),
      message: z.string(),
    })
    .meta({ id: 'Registration' }),
)
export type Registration = z.infer<typeof Registration>

/** Not checked further: a token that is not ours makes the device unknown, and is no error. */
const DeviceToken = z.string().max(MAX_DEVICE_TOKEN_LENGTH).meta({
  description: 'Identifies the device at its next login to this address. It opens no session.',
})

export const LogIn = z
  .strictObject({ email: Email, password: Password, device_token: DeviceToken.optional() })
  .meta({ id: 'LogIn' })
export type LogIn = z.infer<typeof LogIn>

/** RFC 6749 §4.3.2. Unknown parameters are ignored, as §3.2 requires. */
export const PasswordGrant = z
  .object({
    grant_type: z.literal('password').optional(),
    username: Email,
    password: Password,
    device_token: DeviceToken.optional(),
  })
  .meta({ id: 'PasswordGrant' })

/** RFC 6749 §5.1. */
export const Tokens = z
  .strictObject({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z
      .number()
      .int()
      .positive()
      .meta({ description: 'For how many seconds the access token works.' }),
    refresh_token: z.string(),
  })
  .meta({ id: 'Tokens' })
export type Tokens = z.infer<typeof Tokens>

export const SignedIn = Tokens.extend({ device_token: DeviceToken }).meta({ id: 'SignedIn' })
export type SignedIn = z.infer<typeof SignedIn>

/** An error of the form: RFC 6749 §5.2. */
export const OAuthError = z.lazy(() =>
  z
    .strictObject({
      error: z.enum(['invalid_request', 'invalid_grant', 'unsupported_grant_type']),
      error_description: z.string(),
    })
    .meta({ id: 'OAuthError' }),
)
export type OAuthError = z.infer<typeof OAuthError>

export const RefreshSession = z
  .strictObject({ refresh_token: z.string().min(1).max(MAX_REFRESH_TOKEN_LENGTH) })
  .meta({ id: 'RefreshSession' })

export const ChangePassword = z
  .strictObject({ currentPassword: Password, newPassword: NewPassword })
  .meta({ id: 'ChangePassword' })
export type ChangePassword = z.infer<typeof ChangePassword>

/** The token from a mail: 32 bytes in base64url. */
export const EmailToken = z.string().regex(/^[\w-]{43}$/, 'must be the token from the mail')

export const VerifyEmail = z.strictObject({ token: EmailToken }).meta({ id: 'VerifyEmail' })

export const ForgotPassword = z.strictObject({ email: Email }).meta({ id: 'ForgotPassword' })

export const ResetPassword = z
  .strictObject({ token: EmailToken, password: NewPassword })
  .meta({ id: 'ResetPassword' })
export type ResetPassword = z.infer<typeof ResetPassword>

// ——— Users ———

export const User = z.lazy(() =>
  z
    .strictObject({
      id: Id('user'),
      email: z.string(),
      emailVerified: z.boolean(),
      name: z.string(),
      phone: z.string().nullable(),
      language: Language.nullable(),
      role: UserRole,
      status: UserStatus,
      winnerDisplay: WinnerDisplay,
      createdAt: Instant,
      updatedAt: Instant,
    })
    .meta({ id: 'User' }),
)
export type User = z.infer<typeof User>
export const UserPage = Page(User)
export const ListUsers = PageQuery.extend({
  q: SearchWords.optional().meta({ description: 'Words of the name, or a part of the e-mail address.' }),
})
export type ListUsers = z.infer<typeof ListUsers>

/** A field that is left out keeps its value. `null` clears the phone or language. */
export const UpdateUser = z
  .strictObject({
    name: Name.optional(),
    phone: Phone.nullable().optional(),
    winnerDisplay: WinnerDisplay.optional(),
    language: Language.nullable().optional(),
  })
  .meta({ id: 'UpdateUser' })
export type UpdateUser = z.infer<typeof UpdateUser>

export const SetUserStatus = z.strictObject({ status: UserStatus }).meta({ id: 'SetUserStatus' })
export type SetUserStatus = z.infer<typeof SetUserStatus>

// ——— Organisations ———

export const MemberRole = z.enum(['operator'])
export type MemberRole = z.infer<typeof MemberRole>

export const CreateOrganisation = z.strictObject({ name: Name }).meta({ id: 'CreateOrganisation' })
export type CreateOrganisation = z.infer<typeof CreateOrganisation>

export const SetPricedSales = z.strictObject({ approved: z.boolean() }).meta({ id: 'SetPricedSales' })

export const Organisation = z.lazy(() =>
  z
    .strictObject({
      id: Id('organisation'),
      slug: z.string(),
      name: z.string(),
      pricedSales: z.boolean().meta({
        description:
          'Whether it may sell for money. Until an administrator approves it, all that it offers is free.',
      }),
      createdAt: Instant,
      updatedAt: Instant,
    })
    .meta({ id: 'Organisation' }),
)
export type Organisation = z.infer<typeof Organisation>
export const OrganisationPage = Page(Organisation)
export const ListOrganisations = PageQuery.extend({ q: SearchWords.optional() })
export type ListOrganisations = z.infer<typeof ListOrganisations>

export const Member = z.lazy(() =>
  z
    .strictObject({
      userId: Id('user'),
      name: z.string(),
      email: z.string(),
      role: MemberRole,
      createdAt: Instant,
    })
    .meta({ id: 'Member' }),
)
export type Member = z.infer<typeof Member>
export const MemberPage = Page(Member)
