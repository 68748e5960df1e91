/** Names as parts of a URL: `Kenya's Best Raffle` → `kenyas-best-raffle`, `Нью-Йорк` → `nyu-york`. */
import * as z from 'zod'
import { plainLatin } from './fold.ts'
import { Id, type IdKind } from './ids.ts'
import { lazy } from './lazy.ts'

const MAX_SLUG_LENGTH = 60
/** Characters of an id (5 bits each) that make a taken slug unique. */
const SUFFIX_LENGTH = 10

/** Its table of transliterations takes a good part of the time in which a worker may start. */
export const loadSlugify = lazy(() => import('@sindresorhus/slugify'))

/** Lower-case ASCII letters, digits and single hyphens; empty if no letter or digit of the name has a Latin form. */
export async function toSlug(name: string): Promise<string> {
  const { default: slugify } = await loadSlugify()
  return cut(slugify(plainLatin(name), { decamelize: false }), MAX_SLUG_LENGTH)
}

/** The slug with the end of `id`, so that no other has it; `fallback` in place of an empty slug. */
export const withSuffix = (slug: string, fallback: string, id: string): string =>
  `${cut(slug, MAX_SLUG_LENGTH - SUFFIX_LENGTH - 1) || fallback}-${id.slice(-SUFFIX_LENGTH)}`

/** The slugs to try for a new row, in turn. Only chance can make the last one taken too: another id with the same end. */
export async function slugsFor(name: string, fallback: string, id: string): Promise<string[]> {
  const slug = await toSlug(name)
  const unique = withSuffix(slug, fallback, id)
  return slug === '' ? [unique] : [slug, unique]
}

const cut = (slug: string, length: number): string => slug.slice(0, length).replace(/-+$/, '')

const slugOfAtMost = (length: number) =>
  z
    .string()
    .max(length)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by hyphens, such as first-editions')

/** A slug that a client chooses. */
export const Slug = slugOfAtMost(MAX_SLUG_LENGTH)

/** Slugs of older rows are longer. */
const MAX_STORED_LENGTH = 80

/** In a path: an id of the kind, or the slug that is shown beside it. */
export const IdOrSlug = (kind: IdKind) =>
  z.union([Id(kind), slugOfAtMost(MAX_STORED_LENGTH)]).meta({ description: 'The id, or the slug.' })

/** Every id has an underscore, and no slug has one. */
export const isSlug = (idOrSlug: string): boolean => !idOrSlug.includes('_')
