/** CSV files for spreadsheets, streamed row by row. No cell can be run as a formula: it then begins with an apostrophe. */
import { stringify } from 'csv-stringify/sync'
import type { AppContext } from './context.ts'

export type Cell = string | number | null

export interface CsvOptions {
  /** For files with names of people: without a byte-order mark, Excel reads UTF-8 as another encoding. */
  bom?: boolean
}

/** Streams the whole file and keeps one page of rows in memory at a time. */
export function csvStream(
  header: readonly string[],
  pages: AsyncIterator<readonly (readonly Cell[])[]>,
  { bom = false }: CsvOptions = {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const linesOf = (rows: readonly (readonly Cell[])[], options: CsvOptions = {}): Uint8Array =>
    encoder.encode(stringify(rows as Cell[][], { escape_formulas: true, ...options }))
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(linesOf([header], { bom })),
    async pull(controller) {
      // A stream that is given nothing does not ask again.
      for (;;) {
        const { done, value } = await pages.next()
        if (done) return controller.close()
        if (value.length > 0) return controller.enqueue(linesOf(value))
      }
    },
  })
}

/** Answers with a file for downloading. */
export const sendCsv = (c: AppContext, name: string, file: ReadableStream<Uint8Array>) =>
  c.body(file, 200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${name}"`,
  })
