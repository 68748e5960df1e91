/** Turns zod schemas into the named schemas of an OpenAPI document. */
import * as z from 'zod'

export type Json = Record<string, unknown>
/** What a client sends or what it gets: a default makes a field optional in what is sent, and present in what is got. */
export type Direction = 'input' | 'output'

const PREFIX = '#/components/schemas/'
/** Where zod puts named schemas that are not themselves asked for. */
const SHARED = `${PREFIX}__shared#/$defs/`

export interface Schemas {
  /** The schema itself, or a reference if it has a name. */
  of: (direction: Direction, schema: z.ZodType) => Json
  /** Every named schema, by its name. */
  components: Record<string, Json>
}

/** A schema that differs between what is sent and what is got has two names: what is sent is `…Input`. */
export function schemasOf(asked: Record<Direction, z.ZodType[]>): Schemas {
  const got = convert('output', asked.output)
  const sent = renamed(convert('input', asked.input), got.named)
  const all = Object.entries({ ...sent.named, ...got.named })
  const components = Object.fromEntries(all)
  completeChoices(components)
  return {
    of: (direction, schema) => (direction === 'input' ? sent : got).of(schema),
    components: sorted(components),
  }
}

const sorted = (components: Record<string, Json>) =>
  Object.fromEntries(Object.entries(components).sort(([one], [other]) => (one < other ? -1 : 1)))

/** `sent` with new names for what differs from `got`, and for what refers to it. */
function renamed(sent: Converted, got: Record<string, Json>): Converted {
  const differing = new Set<string>()
  const refersTo = (schema: Json) =>
    [...JSON.stringify(schema).matchAll(REFERENCE)].some(([, name]) => differing.has(name!))
  for (let size = -1; size < differing.size; ) {
    size = differing.size
    for (const [name, schema] of Object.entries(sent.named)) {
      const other = got[name]
      if (other === undefined) continue
      if (JSON.stringify(other) !== JSON.stringify(schema) || refersTo(schema)) differing.add(name)
    }
  }
  const nameFor = (name: string) => (differing.has(name) ? `${name}Input` : name)
  const rename = (schema: Json): Json =>
    JSON.parse(
      JSON.stringify(schema).replaceAll(REFERENCE, (_, name) => `"$ref":"${PREFIX}${nameFor(name)}"`),
    )
  return {
    named: Object.fromEntries(
      Object.entries(sent.named).map(([name, schema]) => [nameFor(name), rename(schema)]),
    ),
    of: (schema) => rename(sent.of(schema)),
  }
}

const REFERENCE = /"\$ref":"#\/components\/schemas\/([^"]+)"/g

interface Converted {
  of: (schema: z.ZodType) => Json
  named: Record<string, Json>
}

function convert(io: Direction, schemas: z.ZodType[]): Converted {
  const asked = z.registry<{ id: string }>()
  const idOf = new Map<z.ZodType, string>()
  for (const schema of new Set(schemas.map(bare))) {
    const id = nameOf(schema) ?? `unnamed ${idOf.size}`
    idOf.set(schema, id)
    asked.add(schema, { id })
  }
  const made = z.toJSONSchema(asked, {
    io,
    uri: (id) => `${PREFIX}${id}`,
    override: simplify,
  }).schemas as unknown as Record<string, Json>
  const { __shared: shared, ...bodies } = JSON.parse(
    JSON.stringify(made).replaceAll(SHARED, PREFIX),
  ) as Record<string, Json>
  const named: Record<string, Json> = { ...(shared?.$defs as Record<string, Json> | undefined) }
  const inline: Record<string, Json> = {}
  for (const [id, { $schema, $id, ...body }] of Object.entries(bodies)) {
    if (id.startsWith('unnamed ')) inline[id] = body
    else named[id] = body
  }
  return {
    named,
    of(schema) {
      const id = idOf.get(bare(schema))!
      return inline[id] ?? { $ref: `${PREFIX}${id}` }
    },
  }
}

/** What a schema without a name stands for, if it is made at its first use. `unwrap()` would make another one. */
const bare = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodLazy && nameOf(schema) === undefined
    ? bare(schema._zod.innerType as z.ZodType)
    : schema

export const nameOf = (schema: z.ZodType): string | undefined => z.globalRegistry.get(schema)?.id

/** Leaves out what says nothing to a client, or what only JavaScript can read. */
function simplify({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType
  jsonSchema: z.core.JSONSchema.BaseSchema
}): void {
  // The bounds of every integer of JavaScript.
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  // A format says it already, in a word that generators know.
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern
  // Classes of Unicode need a flag that a pattern cannot have. The server still checks them.
  if (jsonSchema.pattern?.includes('\\p{')) delete jsonSchema.pattern
  jsonSchema.allOf = jsonSchema.allOf?.filter((each) => !each.pattern?.includes('\\p{'))
  if (jsonSchema.allOf?.length === 0 || jsonSchema.allOf === undefined) delete jsonSchema.allOf
  const { discriminator } = zodSchema._zod.def as { discriminator?: string }
  if (discriminator !== undefined) jsonSchema.discriminator = { propertyName: discriminator }
}

interface Member {
  properties: Record<string, { const?: string; default?: unknown }>
  required?: string[]
}

/**
 * Completes every choice by one field: each member gets a name (`PrizeCash`), and each value of the field names its member.
 * In the document that field must be sent, even where the server takes a default, so that every client can tell the
 * members apart.
 */
function completeChoices(components: Record<string, Json>): void {
  for (const [name, schema] of Object.entries(components)) {
    const { discriminator, oneOf } = schema as { discriminator?: Json; oneOf?: (Json & Member)[] }
    if (discriminator === undefined || oneOf === undefined) continue
    const field = discriminator.propertyName as string
    const references = oneOf.map((member) => {
      const value = member.properties[field]!.const!
      delete member.properties[field]!.default
      member.required = [...new Set([field, ...(member.required ?? [])])]
      const memberName = name + value.replaceAll(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase())
      components[memberName] = member
      return [value, `${PREFIX}${memberName}`] as const
    })
    schema.oneOf = references.map(([, $ref]) => ({ $ref }))
    discriminator.mapping = Object.fromEntries(references)
  }
}
