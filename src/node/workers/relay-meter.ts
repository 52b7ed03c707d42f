/** A worker's meter: what it counts is added to the owner's every second, so that a region has one set of numbers. */
import type { Labels, Meter, MetricName } from '../../ports/meter.ts'
import type { Service } from '../../ports/service.ts'
import type { Measured } from './messages.ts'

type Series<Value> = { readonly name: MetricName; readonly labels: Labels; value: Value }

export type RelayMeter = Meter & { take(): Measured | undefined }

export function relayMeter(): RelayMeter {
  let counted = new Map<string, Series<number>>()
  let observed = new Map<string, Series<number[]>>()
  return {
    count: (name, labels = {}, by = 1) => {
      const key = keyOf(name, labels)
      const series = counted.get(key)
      if (series === undefined) counted.set(key, { name, labels: { ...labels }, value: by })
      else series.value += by
    },
    // Gauges are the owner's.
    gauge: () => {},
    // What is told is forgotten.
    forget: () => {},
    observe: (name, value, labels = {}) => {
      const key = keyOf(name, labels)
      const series = observed.get(key)
      if (series === undefined) observed.set(key, { name, labels: { ...labels }, value: [value] })
      else series.value.push(value)
    },
    take: () => {
      if (counted.size + observed.size === 0) return undefined
      const taken = { counted: told(counted), observed: told(observed) }
      counted = new Map()
      observed = new Map()
      return taken
    },
  }
}

const relayMs = 1000

/** Tells the owner what was counted, every second and once more at the end. */
export function relaying(meter: Pick<RelayMeter, 'take'>, tell: (measured: Measured) => Promise<void>): Service {
  let timer: NodeJS.Timeout | undefined
  const relay = async (): Promise<void> => {
    const measured = meter.take()
    if (measured !== undefined) await tell(measured)
  }
  return {
    start: () => {
      timer = setInterval(() => void relay(), relayMs).unref()
    },
    stop: async () => {
      clearInterval(timer)
      await relay()
    },
  }
}

function told<Value>(series: ReadonlyMap<string, Series<Value>>): (readonly [MetricName, Labels, Value])[] {
  return [...series.values()].map(({ name, labels, value }) => [name, labels, value] as const)
}

function keyOf(name: MetricName, labels: Labels): string {
  let key: string = name
  for (const label in labels) key += `\0${labels[label]}`
  return key
}
