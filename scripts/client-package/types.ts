/**
 * Writes the types of an OpenAPI document, in the form that openapi-fetch reads. The tool of its authors needs the compiler
 * API of TypeScript 5, which TypeScript 7 does not have. The schemas come from zod, so few of JSON Schema's words appear;
 * an unknown one throws.
 */

export interface Schema {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  oneOf?: Schema[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  description?: string
  default?: unknown
}
interface Media {
  content?: Record<string, { schema: Schema }>
}
interface Parameter {
  $ref?: string
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  schema: Schema
}
interface Operation {
  operationId: string
  summary: string
  description?: string
  parameters?: Parameter[]
  requestBody?: Media & { required: boolean }
  responses: Record<string, Media & { $ref?: string; description: string }>
}
export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, Schema>
    parameters: Record<string, Parameter>
    responses: Record<string, Media & { description: string }>
  }
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const PLACES = ['query', 'header', 'path', 'cookie'] as const

/** The last step of a reference: the name of what it refers to. */
const nameIn = ($ref: string): string => $ref.slice($ref.lastIndexOf('/') + 1)

export function typesOf(document: Document): string {
  const { paths, components } = document
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `${comment(schema.description)}export type ${name} = ${typeOf(schema)}\n`,
  )
  const responses = Object.entries(components.responses).map(
    ([name, response]) => `${comment(response.description)}  ${name}: ${answerOf(response)}\n`,
  )
  const operations = Object.values(paths).flatMap((item) =>
    Object.values(item).map((operation) => operationOf(operation, components.parameters)),
  )
  const routes = Object.entries(paths).map(([path, item]) => {
    const methods = METHODS.map((method) => {
      const operation = item[method]
      return operation === undefined
        ? `    ${method}?: never\n`
        : `    ${method}: operations['${operation.operationId}']\n`
    })
    return `  '${path}': {\n    parameters: NoParameters\n${methods.join('')}  }\n`
  })
  return indented([
    `type AnyHeaders = { [name: string]: unknown }\n`,
    `type NoParameters = { query?: never; header?: never; path?: never; cookie?: never }\n`,
    ...schemas,
    `export interface responses {\n${responses.join('')}}\n`,
    `export interface operations {\n${operations.join('')}}\n`,
    `export interface paths {\n${routes.join('')}}\n`,
  ])
}

/** Indents each line by the braces that are open before it. Comments have lines of their own. */
function indented(parts: string[]): string {
  let depth = 0
  const lines = parts
    .join('\n')
    .split('\n')
    .map((each) => {
      const line = each.trim()
      if (line.startsWith('/**')) return '  '.repeat(depth) + line
      if (line.startsWith('}')) depth--
      const shown = '  '.repeat(depth) + line
      depth += line.split('{').length - line.split('}').length + (line.startsWith('}') ? 1 : 0)
      return shown
    })
  return lines.map((line) => line.trimEnd()).join('\n')
}

function operationOf(
  { operationId, summary, description, parameters = [], requestBody, responses }: Operation,
  shared: Document['components']['parameters'],
): string {
  const resolved = parameters.map((each) => (each.$ref === undefined ? each : shared[nameIn(each.$ref)]!))
  const places = PLACES.map((place) => {
    const fields = resolved.filter((each) => each.in === place)
    if (fields.length === 0) return `${place}?: never`
    const isOptional = fields.every((each) => each.required !== true)
    const types = fields.map(
      ({ name, required, schema, ...rest }) =>
        `${comment(rest.description)}${quoted(name)}${required ? '' : '?'}: ${typeOf(schema)}`,
    )
    return `${place}${isOptional ? '?' : ''}: { ${types.join('; ')} }`
  })
  const body =
    requestBody === undefined
      ? 'requestBody?: never'
      : `requestBody${requestBody.required ? '' : '?'}: { content: ${contentOf(requestBody.content)} }`
  const answers = Object.entries(responses).map(
    ([status, response]) =>
      `      ${status}: ${response.$ref === undefined ? answerOf(response) : `responses['${nameIn(response.$ref)}']`}\n`,
  )
  const about = description === undefined ? `${summary}.` : `${summary}. ${description}`
  return `${comment(about)}  ${operationId}: {
    parameters: { ${places.join('; ')} }
    ${body}
    responses: {
${answers.join('')}    }
  }
`
}

const answerOf = ({ content }: Media): string =>
  `{ headers: AnyHeaders; ${content === undefined ? 'content?: never' : `content: ${contentOf(content)}`} }`

const contentOf = (content: Media['content']): string =>
  `{ ${Object.entries(content ?? {})
    .map(([media, { schema }]) => `'${media}': ${typeOf(schema)}`)
    .join('; ')} }`

/** The TypeScript type of a schema. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameIn(schema.$ref)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(' | ')
  const members = schema.oneOf ?? schema.anyOf
  if (members !== undefined) return members.map(typeOf).join(' | ')
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `Array<${typeOf(schema.items!)}>`
    case 'object':
      return objectOf(schema)
    case undefined:
      return 'unknown'
    default:
      throw new Error(`There is no type for ${JSON.stringify(schema)}.`)
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(
    ([name, schema]) =>
      `${comment(schema.description, schema.default)}${quoted(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  )
  if (fields.length > 0) return `{\n${fields.join('\n')}\n}`
  if (typeof additionalProperties === 'object') return `Record<string, ${typeOf(additionalProperties)}>`
  return additionalProperties === false ? 'Record<string, never>' : 'Record<string, unknown>'
}

const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`)

function comment(description: string | undefined, byDefault?: unknown): string {
  const parts = [description, byDefault === undefined ? undefined : `@default ${JSON.stringify(byDefault)}`]
  const text = parts.filter((each) => each !== undefined).join(' ')
  return text === '' ? '' : `/** ${text.replaceAll('*/', '*\\/')} */\n`
}
