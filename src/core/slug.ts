/** Turns a name into a part of a URL: `Kenya's Best Raffle` → `kenyas-best-raffle`. */

const MAX_SLUG_LENGTH = 60

/** Lower-case ASCII letters, digits and single hyphens; empty if the name has no Latin letter or digit. */
export function toSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_LENGTH)
    .replaceAll(/^-+|-+$/g, '')
}
