/** What a metric is called: its namespace, its name and its dimensions. */
export type Dimension = { readonly name: string; readonly value: string }

export type MetricId = {
  readonly namespace: string
  readonly name: string
  /** In the order of their names. */
  readonly dimensions: readonly Dimension[]
}

/** The same text for the same metric, whatever the order of its dimensions. */
export function metricKey({ namespace, name, dimensions }: MetricId): string {
  let key = `${namespace}\0${name}`
  for (const dimension of dimensions) key += `\0${dimension.name}\0${dimension.value}`
  return key
}

export function metricId(namespace: string, name: string, dimensions: readonly Dimension[]): MetricId {
  return { namespace, name, dimensions: dimensions.toSorted((a, b) => order(a.name, b.name)) }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A metric in one unit, with the key that it is found by. */
export type MetricRef = { readonly metric: MetricId; readonly unit: string; readonly key: string }

export const refOf = (metric: MetricId, unit: string): MetricRef => ({
  metric,
  unit,
  key: `${metricKey(metric)}\0\0${unit}`,
})
