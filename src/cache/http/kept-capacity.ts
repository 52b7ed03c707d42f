/**
 * What a reply says that it has consumed: a hit nothing, since it did not reach the table. What is kept is the reply without
 * that; the region writes it last, so that it is cut off and put on without looking at the items.
 */
export type CapacityDetail = 'INDEXES' | 'TOTAL' | 'NONE' | undefined

export function isCapacityDetail(value: unknown): value is CapacityDetail {
  return value === undefined || value === 'NONE' || value === 'TOTAL' || value === 'INDEXES'
}

export function isAsked(detail: CapacityDetail): boolean {
  return detail === 'TOTAL' || detail === 'INDEXES'
}

/** Of a reply's text, one character a byte. */
export function withoutCapacity(body: string, detail: CapacityDetail): string {
  const at = isAsked(detail) ? body.lastIndexOf(member) : -1
  if (at < 0) return body
  return `${body.slice(0, body[at - 1] === ',' ? at - 1 : at)}}`
}

export function withZeroCapacity(body: string, detail: CapacityDetail, table: string): string {
  if (!isAsked(detail)) return body
  return `${body.slice(0, -1)}${body.length > 2 ? ',' : ''}${member}${JSON.stringify(zeroCapacity(detail, table))}}`
}

export function zeroCapacity(detail: CapacityDetail, table: string): Readonly<Record<string, unknown>> {
  const zero = { TableName: table, CapacityUnits: 0 }
  return detail === 'INDEXES' ? { ...zero, Table: { CapacityUnits: 0 } } : zero
}

const member = '"ConsumedCapacity":'
