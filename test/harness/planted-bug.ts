/** What a planted bug is: see `planted-bugs.ts`. */

export interface Edit {
  file: string
  /** Occurs in the file exactly once. */
  find: string
  /** Behaves like `find` while the switch is off. */
  replace: string
}

export interface PlantedBug {
  name: string
  edits: Edit[]
}

/** The condition, as source, that the bug of this name is switched on. */
export const isOn = (name: string): string => `globalThis.__plantedBug === '${name}'`

declare global {
  /** The bug that is switched on, if any. */
  var __plantedBug: string | undefined
}
