/** The report: each measurement with its limit, if it has one. */

export interface Line {
  what: string
  measured: string
  limit: string
  /** Null: only for information. */
  pass: boolean | null
}

export const info = (what: string, measured: string): Line => ({ what, measured, limit: '', pass: null })

export const atMost = (what: string, value: number, limit: number, unit = '', digits = 2): Line => ({
  what,
  measured: `${value.toFixed(digits)}${unit}`,
  limit: `≤ ${limit}${unit}`,
  // Compares the exact value, not the rounded one. NaN (nothing measured) fails.
  pass: value <= limit,
})

export const atLeast = (what: string, value: number, limit: number, unit = '', digits = 2): Line => ({
  what,
  measured: `${value.toFixed(digits)}${unit}`,
  limit: `≥ ${limit}${unit}`,
  pass: value >= limit,
})

export const holds = (what: string, pass: boolean, measured: string): Line => ({
  what,
  measured,
  limit: '',
  pass,
})

export interface Section {
  title: string
  /** The method of measurement, in a sentence or two. */
  how: string
  lines: Line[]
}

export function print(section: Section): void {
  console.log(`\n${section.title}\n  ${section.how.replaceAll('\n', '\n  ')}`)
  const what = Math.max(...section.lines.map((line) => line.what.length))
  const measured = Math.max(...section.lines.map((line) => line.measured.length))
  for (const line of section.lines) {
    const verdict = line.pass === null ? '' : line.pass ? 'PASS' : 'FAIL'
    console.log(
      `  ${line.what.padEnd(what)}  ${line.measured.padStart(measured)}  ${line.limit.padEnd(9)} ${verdict}`.trimEnd(),
    )
  }
}

export const failures = (sections: Section[]): Line[] =>
  sections.flatMap(({ lines }) => lines.filter(({ pass }) => pass === false))
