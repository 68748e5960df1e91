/** The public name of a winner, as the winner chose. */
import type { WinnerDisplay } from './contract.ts'

const MAX_INITIALS = 3
const ANONYMOUS = 'Anonymous'

/** `Amina Wanjiru` → `Amina Wanjiru`, `A. W.` or `Anonymous`. */
export function displayName(user: { name: string; winnerDisplay: WinnerDisplay }): string {
  switch (user.winnerDisplay) {
    case 'name':
      return user.name
    case 'initials':
      return initials(user.name)
    case 'anonymous':
      return ANONYMOUS
  }
}

function initials(name: string): string {
  const letters = name
    .split(/\s+/u)
    .flatMap((word) => word.match(/[\p{L}\p{N}]\p{M}*/u)?.[0] ?? [])
    .slice(0, MAX_INITIALS)
  return letters.length === 0 ? ANONYMOUS : letters.map((letter) => `${letter.toUpperCase()}.`).join(' ')
}
