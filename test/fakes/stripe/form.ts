/** Bodies and queries as Stripe takes them: `line_items[0][price_data][currency]=kes`. */

// biome-ignore lint/suspicious/noExplicitAny: any shape that a client sends
export type Fields = any

/** Decodes a form. Numbers stay texts, as they were sent. */
export function decodeForm(form: string): Fields {
  const decoded: Fields = {}
  for (const [name, value] of new URLSearchParams(form)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '')
    let at = decoded
    path.forEach((part, depth) => {
      if (depth === path.length - 1) {
        at[part] = value
        return
      }
      at[part] ??= /^\d*$/.test(path[depth + 1]!) ? [] : {}
      at = at[part]
    })
  }
  return decoded
}
