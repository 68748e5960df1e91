/** Gives each field and parameter a description from the glossary, unless its contract has one. */
import { ID_PREFIXES } from '../../src/core/ids.ts'
import type { Json } from './schemas.ts'

interface Schema {
  $ref?: string
  description?: string
  pattern?: string
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  additionalProperties?: Schema | boolean
  discriminator?: { mapping?: Record<string, string> }
}

export interface Parameter {
  name: string
  in: string
  description?: string
  schema: Schema
}

/** What an id names, by its prefix: `API key`. */
const KINDS = Object.fromEntries(
  Object.entries(ID_PREFIXES).map(([kind, prefix]) => {
    const words = kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    return [prefix, words.replace(/^api /, 'API ')]
  }),
)

type Glossary = Readonly<Record<string, string>>

export function explainSchemas(components: Record<string, Json>, glossary: Glossary): void {
  const schemas = components as Record<string, Schema>
  const choiceOf = new Map<string, string>()
  for (const [name, { discriminator }] of Object.entries(schemas)) {
    for (const $ref of Object.values(discriminator?.mapping ?? {}))
      choiceOf.set($ref.slice($ref.lastIndexOf('/') + 1), name)
  }
  for (const [name, schema] of Object.entries(schemas)) {
    const places = [name, choiceOf.get(name)].filter((each) => each !== undefined)
    explain(schema, [...places, ...places.map((each) => each.replace(/Input$/, ''))], glossary)
  }
}

export function explainParameter(parameter: Parameter, operation: string, glossary: Glossary): void {
  parameter.description ??= meaning(parameter.name, parameter.schema, [operation, parameter.in], glossary)
}

/** `places`: what is around the fields, the nearest first. */
function explain(schema: Schema, places: string[], glossary: Glossary): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const description = field.description ?? meaning(name, field, places, glossary)
    if (description !== undefined) field.description = description
    explain(field, [name, ...places], glossary)
  }
  const { items, anyOf = [], oneOf = [], additionalProperties } = schema
  const inner = [items, ...anyOf, ...oneOf, additionalProperties]
  for (const each of inner) if (typeof each === 'object') explain(each, places, glossary)
}

function meaning(
  name: string,
  { pattern, anyOf }: Schema,
  places: string[],
  glossary: Glossary,
): string | undefined {
  for (const key of [...places.map((place) => `${place}.${name}`), name]) {
    if (glossary[key] !== undefined) return glossary[key]
  }
  const prefix = /^\^([a-z]+)_/.exec(pattern ?? anyOf?.[0]?.pattern ?? '')?.[1]
  return prefix !== undefined && name === 'id' ? `The id of the ${KINDS[prefix]}.` : undefined
}
