// Every place of a JSON document, and other values for it: a verifier must notice each of them.

/** The path of every value in a JSON document, containers included. */
export function* places(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path
  if (value === null || typeof value !== 'object') return
  for (const key of Object.keys(value)) {
    yield* places((value as Record<string, unknown>)[key], [
      ...path,
      Array.isArray(value) ? Number(key) : key,
    ])
  }
}

export function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], document)
}

export function changed<T>(document: T, path: readonly (string | number)[], value: unknown): T {
  const copy = structuredClone(document)
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>
  parent[path.at(-1) as string | number] = value
  return copy
}

/** Other values for a place. Those of the same kind pass the schema, so only the protocol can catch them. */
export function otherValues(value: unknown): unknown[] {
  if (typeof value === 'number') return [value + 1, value - 1, value * 2 + 7, String(value), null]
  if (typeof value === 'string') {
    if (/^[0-9a-f]{32,}$/.test(value)) {
      const flip = (i: number) => value.slice(0, i) + (value[i] === '0' ? '1' : '0') + value.slice(i + 1)
      return [
        flip(0),
        flip(value.length >> 1),
        flip(value.length - 1),
        value.toUpperCase(),
        value.slice(2),
        null,
      ].filter((other) => other !== value)
    }
    const swaps: Record<string, string> = {
      scheduled: 'operator',
      operator: 'soldOut',
      '1#1': '2#1',
      '2#2': '2#1',
    }
    return [swaps[value] ?? `${value}x`, `${value} `, value.slice(1), value.slice(0, -1), 7, null].filter(
      (other) => other !== value,
    )
  }
  if (value === null) return ['', 0, {}, [], { at: 1, reason: '', signature: '00'.repeat(64) }]
  if (Array.isArray(value)) {
    const repeated = value.length > 0 ? [[...value, value.at(-1)], value.slice(1), value.slice(0, -1)] : []
    const invented = typeof value[0] === 'number' || value.length === 0 ? [[...value, 3]] : []
    const reversed = value.length > 1 ? [[...value].reverse()] : []
    return [...repeated, ...invented, ...reversed, [...value, '00'.repeat(32)], null]
  }
  return [null, {}, { ...(value as object), extra: 1 }]
}
