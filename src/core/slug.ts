/** Words of a name as part of an address: `Kenya's Best Raffle` → `kenyas-best-raffle`. */

const MAX_SLUG_LENGTH = 60

/** Lower-case ASCII letters, digits and single hyphens; empty where a name has none of them. */
export function toSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_LENGTH)
    .replaceAll(/^-+|-+$/g, '')
}
