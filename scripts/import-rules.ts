/** `npm run layers`: writes the linter's import rules, one entry for each folder and depth, from the table of layers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LAYERS, type Layer } from './layers.ts'

/** How deep a file may be below `src/`: `src/a/*.ts`, `src/a/b/*.ts`, `src/a/b/c/*.ts`. */
export const DEPTHS = [1, 2, 3]

/** The content of `.biome/import-rules.json`. Of the entries that match a file, the last one decides. */
export function importRules(): string {
  const folders = LAYERS.map(({ folder }) => folder)
  const top = ['../**', ...allowOnly('./', folders)]
  const composition = 'This file may import the folders of scripts/layers.ts, none of the files beside it'
  const entries = [
    entry('src/**', ['**'], 'This folder has no row in scripts/layers.ts.'),
    entry('src/app.ts', top, `${composition}.`),
    entry('src/cron.ts', [...top, './**/*routes.ts'], `${composition}, and no routes.`),
    entry('src/index.ts', [...top, '!./{app,cron}.ts'], `${composition} but app.ts and cron.ts.`),
    ...LAYERS.flatMap((layer) => DEPTHS.map((depth) => folderEntry(layer, depth))),
  ]
  return `{ "overrides": [\n${entries.map((each) => JSON.stringify(each)).join(',\n')}\n] }\n`
}

function folderEntry({ folder, is, imports }: Layer, depth: number) {
  const src = '../'.repeat(depth)
  const neverImported = folder === 'web' ? '{*routes,schema}.ts' : '*routes.ts'
  return entry(
    `src/${folder}${'/*'.repeat(depth)}`,
    [...allowOnly(src, imports), `${src}**/${neverImported}`],
    `${folder} (${is}) may import ${imports.join(', ') || 'no other folder'}, never ${neverImported}: see scripts/layers.ts.`,
  )
}

/** Paths to refuse: the last that matches decides, and a `!` lets pass. Braces, as Biome is slow with many paths. */
function allowOnly(src: string, folders: readonly string[]): string[] {
  const allowed = folders.length === 0 ? [] : [`!${src}{${folders.join()}}/**`]
  return [`${src}**`, ...allowed, `${src}**/../**`]
}

function entry(includes: string, group: string[], message: string) {
  const noRestrictedImports = { level: 'error', options: { patterns: [{ group, message }] } }
  return { includes: [includes], linter: { rules: { style: { noRestrictedImports } } } }
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../.biome/import-rules.json'), importRules())
}
