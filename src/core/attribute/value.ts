/**
 * Values as DynamoDB's JSON carries them: that is how they arrive, how they are stored and how they are answered,
 * so that most requests never need another form. Numbers are kept in canonical text and binaries in canonical
 * base64 from the moment they are coerced (core/wire), so equal values are equal strings.
 */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: Item }
  | { readonly L: readonly AttributeValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }

export type AttributeType = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'M' | 'L' | 'SS' | 'NS' | 'BS'

/**
 * Attributes by name. A plain object, as JSON.parse makes it: names come from clients, so read with `attribute`
 * (a name like "constructor" must not find Object's own) and write with `withAttribute` or `setAttribute`
 * ("__proto__" is a name like any other).
 */
export type Item = { readonly [name: string]: AttributeValue }

export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType
  throw new TypeError('an attribute value has exactly one member')
}

export function attribute(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined
}

/** Mutates `item`, which the caller has made itself. */
export function setAttribute(item: Record<string, AttributeValue>, name: string, value: AttributeValue): void {
  if (name === '__proto__')
    Object.defineProperty(item, name, { value, enumerable: true, configurable: true, writable: true })
  else item[name] = value
}
