/** AWS's JSON protocols, the way out: an output with its Dates as seconds since 1970, its Maps as objects, and its bytes in base64. */
export function jsonOutput(output: object | undefined): string {
  return JSON.stringify(plain(output ?? {}))
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? plainNumber(value) : value
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  const entries = value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : Object.entries(value)
  return Object.fromEntries(entries.map(([name, each]) => [name, plain(each)]))
}

/** JSON has no way to write them; AWS's protocol says them as texts. */
function plainNumber(value: number): unknown {
  return Number.isFinite(value) ? value : String(value)
}
