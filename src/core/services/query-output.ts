/**
 * AWS's Query protocol, the way out: XML. An operation's output is written as it is: arrays as `<member>` elements, a Map as `<entry>`
 * elements, a Date in ISO 8601, a Buffer in base64. Members that are undefined or null are left out.
 */
import type { ServiceRefusal } from './refusal.ts'

export type QueryReply = { readonly operation: string; readonly namespace: string; readonly requestId: string }

export function queryOutput(output: object | undefined, { operation, namespace, requestId }: QueryReply): string {
  const members = output === undefined ? '' : fieldsOf(output)
  const result = output === undefined ? '' : `<${operation}Result>${members}</${operation}Result>`
  const metadata = `<ResponseMetadata><RequestId>${escaped(requestId)}</RequestId></ResponseMetadata>`
  return `<${operation}Response xmlns="${escaped(namespace)}">${result}${metadata}</${operation}Response>`
}

export function queryError(
  { code, message, fault, members }: ServiceRefusal,
  { namespace, requestId }: Omit<QueryReply, 'operation'>,
): string {
  const text = `<Type>${fault}</Type><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>${fieldsOf(members)}`
  return `<ErrorResponse xmlns="${escaped(namespace)}"><Error>${text}</Error><RequestId>${escaped(requestId)}</RequestId></ErrorResponse>`
}

function fieldsOf(output: object): string {
  return Object.entries(output)
    .map(([name, value]) => element(name, value))
    .join('')
}

function element(name: string, value: unknown): string {
  return value === undefined || value === null ? '' : `<${name}>${textOf(value)}</${name}>`
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => element('member', each)).join('')
  if (value instanceof Map)
    return [...(value as ReadonlyMap<unknown, unknown>)]
      .map(([key, each]) => `<entry>${element('key', key)}${element('value', each)}</entry>`)
      .join('')
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'object' && value !== null) return fieldsOf(value)
  return escaped(
    typeof value === 'number' ? value.toString() : typeof value === 'string' ? value : JSON.stringify(value),
  )
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Characters that XML 1.0 has no way to write become question marks. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '?')
    .replaceAll('\r', '&#xD;')
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? character)
}
