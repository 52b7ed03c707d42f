/** Points of CloudWatch's metrics as rows of tables and indexes. Pure. */

/** Of each metric what it is in a row, and how its points are asked for. */
export const capacityNames = {
  ConsumedReadCapacityUnits: { as: 'read', stat: 'Sum' },
  ConsumedWriteCapacityUnits: { as: 'write', stat: 'Sum' },
  ProvisionedReadCapacityUnits: { as: 'provisionedRead', stat: 'Maximum' },
  ProvisionedWriteCapacityUnits: { as: 'provisionedWrite', stat: 'Maximum' },
  ReadThrottleEvents: { as: 'throttledReads', stat: 'Sum' },
  WriteThrottleEvents: { as: 'throttledWrites', stat: 'Sum' },
} as const
export type CapacityName = keyof typeof capacityNames

export type MetricSeries = {
  readonly name: CapacityName
  readonly table: string
  readonly index?: string
  readonly points: readonly { readonly atMs: number; readonly value: number }[]
}

export type CapacityRow = {
  readonly table: string
  readonly index?: string
  /** Units a second, on average of the last five minutes. */
  readonly read: number
  readonly write: number
  /** Absent on demand. */
  readonly provisionedRead?: number
  readonly provisionedWrite?: number
  /** In the last five minutes. */
  readonly throttledReads: number
  readonly throttledWrites: number
}

const windowMs = 5 * 60_000

/** The ones that were short of capacity first, then those that consumed most. */
export function rowsOf(series: readonly MetricSeries[], endMs: number): readonly CapacityRow[] {
  const found = new Map<string, Record<string, string | number>>()
  for (const { name, table, index, points } of series) {
    const key = JSON.stringify([table, index])
    const row = found.get(key) ?? { table, ...(index === undefined ? {} : { index }), ...none }
    found.set(key, row)
    const { as } = capacityNames[name]
    const recent = points.filter(({ atMs }) => atMs >= endMs - windowMs)
    const sum = recent.reduce((total, { value }) => total + value, 0)
    const latest = points.toSorted((a, b) => b.atMs - a.atMs)[0]?.value
    if (as === 'read' || as === 'write') row[as] = sum / (windowMs / 1000)
    else if (as === 'throttledReads' || as === 'throttledWrites') row[as] = sum
    else if (latest !== undefined && latest > 0) row[as] = latest
  }
  const rows = [...found.values()] as unknown as readonly CapacityRow[]
  const throttled = (row: CapacityRow): number => row.throttledReads + row.throttledWrites
  return rows.toSorted(
    (a, b) => throttled(b) - throttled(a) || b.read + b.write - (a.read + a.write) || (nameOf(a) < nameOf(b) ? -1 : 1),
  )
}

const none = { read: 0, write: 0, throttledReads: 0, throttledWrites: 0 }
const nameOf = ({ table, index = '' }: CapacityRow): string => `${table} ${index}`

export type CapacityPast = {
  readonly atMs: readonly number[]
  /** Units a second of each minute. */
  readonly read: readonly (number | null)[]
  readonly write: readonly (number | null)[]
  /** Events of each minute. */
  readonly throttled: readonly (number | null)[]
}

/** A minute without a point had no request: nothing is known of it, and nothing was consumed. */
export function pastOf(
  series: readonly MetricSeries[],
  { endMs, minutes }: { readonly endMs: number; readonly minutes: number },
): CapacityPast {
  const atMs = Array.from({ length: minutes }, (_, index) => endMs - (minutes - index) * 60_000)
  const valueOf = (as: string, at: number): number | null => {
    const values = series
      .filter(({ name }) => capacityNames[name].as === as)
      .flatMap(({ points }) => points.filter((point) => point.atMs === at).map(({ value }) => value))
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
  }
  const perSecond = (value: number | null): number | null => (value === null ? null : value / 60)
  const both = (one: number | null, other: number | null): number | null =>
    one === null && other === null ? null : (one ?? 0) + (other ?? 0)
  return {
    atMs,
    read: atMs.map((at) => perSecond(valueOf('read', at))),
    write: atMs.map((at) => perSecond(valueOf('write', at))),
    throttled: atMs.map((at) => both(valueOf('throttledReads', at), valueOf('throttledWrites', at))),
  }
}
