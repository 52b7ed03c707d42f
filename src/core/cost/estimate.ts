/**
 * What the observed usage would cost on AWS in a month, by region, table and dimension: once with every table on demand, and once provisioned.
 * A price that is not known stays unknown: sums are then "at least".
 */
import type { Price, PriceName, Prices } from './prices.ts'
import type { Minute, ResourceUsage, TableUsage, Usage } from './usage.ts'

const hourMs = 60 * 60 * 1000
/** As AWS counts a month. */
const hoursOfMonth = 730
const bytesOfGb = 1024 ** 3
/** What AWS adds to an item's size for storage. */
const itemOverheadBytes = 100
/** At which auto scaling would hold the consumed part of provisioned units. */
const targetUtilization = 0.7
const bytesOfWriteUnit = 1024

export type Amount = {
  /** Undefined where the price is not known. */
  readonly usd: number | undefined
  /** The price was not read from AWS's own list for this region. */
  readonly isUnconfirmed: boolean
}

export type CostLine = {
  readonly region: string
  readonly table: string
  readonly index?: string
  readonly dimension: string
  /** In a month. */
  readonly quantity: number
  readonly unit: string
  readonly onDemand: Amount
  readonly provisioned: Amount
}

/** How a table could be paid for. */
type Mode = 'onDemand' | 'provisioned'

export type CostTotal = {
  readonly onDemandUsd: number
  readonly provisionedUsd: number
  /** Some price is not known. */
  readonly isAtLeast: boolean
  /** Some price was not read from AWS's own list for its region. */
  readonly isUnconfirmed: Readonly<Record<Mode, boolean>>
}

export type CostEstimate = {
  readonly observedMs: number
  readonly lines: readonly CostLine[]
  readonly total: CostTotal
  readonly byRegion: Readonly<Record<string, CostTotal>>
  /** Dimensions, by region, whose prices were not read from AWS's own list for that region. */
  readonly unconfirmed: readonly string[]
  /** What a reader of the figures has to know. */
  readonly unknown: readonly string[]
}

export function estimateOf(usage: Usage, prices: Prices): CostEstimate {
  const observedMs = Math.max(60_000, usage.toMs - usage.fromMs)
  const estimating = { usage, prices, observedMs, perMonth: (hoursOfMonth * hourMs) / observedMs }
  const lines = usage.tables.flatMap((table) => linesOf(table, estimating))
  const regions = [...new Set(lines.map(({ region }) => region))]
  const of = (name: string): readonly CostLine[] => lines.filter(({ region }) => region === name)
  return {
    observedMs,
    lines,
    total: totalOf(lines),
    byRegion: Object.fromEntries(regions.map((region) => [region, totalOf(of(region))])),
    unconfirmed: [...new Set(lines.flatMap((each) => unconfirmedName(each) ?? []))],
    unknown: unknownOf(lines, estimating),
  }
}

type Estimating = {
  readonly usage: Usage
  readonly prices: Prices
  readonly observedMs: number
  readonly perMonth: number
}

function linesOf(table: TableUsage, estimating: Estimating): readonly CostLine[] {
  return [
    ...table.resources.flatMap((resource) => throughputOf(table, resource, estimating)),
    ...[...storageOf(table, estimating), ...restOf(table, estimating)].filter(({ quantity }) => quantity > 0),
  ]
}

function throughputOf(table: TableUsage, resource: ResourceUsage, estimating: Estimating): readonly CostLine[] {
  const isReplicated = table.regions.length > 1
  const isOfTable = resource.index === undefined
  const writes = isReplicated ? writesEverywhere(table, resource, estimating.usage) : resource.writes
  const kind = isReplicated && isOfTable ? 'replicatedWrite' : 'write'
  const word = { write: 'writes', replicatedWrite: 'replicated writes' }[kind]
  const provisioned = table.billingMode === 'PROVISIONED' ? resource.provisioned : undefined
  const give = { table, resource, estimating }
  const lines = [
    requestLine({ ...give, dimension: 'reads', kind: 'read', minutes: resource.reads, set: provisioned?.reads }),
    requestLine({ ...give, dimension: word, kind, minutes: writes, set: provisioned?.writes }),
  ]
  // A table that is provisioned costs although nothing is asked of it.
  return provisioned === undefined ? lines.filter(({ quantity }) => quantity > 0) : lines
}

/** Every replica is written to by the writes of all; a deletion of an expired item is a write in the others. */
function writesEverywhere(table: TableUsage, { index }: ResourceUsage, usage: Usage): readonly Minute[] {
  const replicas = usage.tables.filter(
    ({ table: name, region }) => name === table.table && table.regions.includes(region),
  )
  const units = new Map<number, number>()
  for (const { resources } of replicas)
    for (const { atMs, units: more } of resources.find((each) => each.index === index)?.writes ?? [])
      units.set(atMs, (units.get(atMs) ?? 0) + more)
  const expired = index === undefined ? replicas.filter(({ region }) => region !== table.region) : []
  const deletes = expired.reduce((sum, { expiredItems }) => sum + expiredItems, 0)
  if (deletes > 0) units.set(usage.fromMs, (units.get(usage.fromMs) ?? 0) + deletes)
  return [...units].map(([atMs, sum]) => ({ atMs, units: sum }))
}

type RequestKind = 'read' | 'write' | 'replicatedWrite'

type Requested = {
  readonly table: TableUsage
  readonly resource: ResourceUsage
  readonly estimating: Estimating
  readonly dimension: string
  readonly kind: RequestKind
  readonly minutes: readonly Minute[]
  /** Units that are provisioned now. */
  readonly set: number | undefined
}

function requestLine({ table, resource, estimating, dimension, kind, minutes, set }: Requested): CostLine {
  const total = minutes.reduce((sum, { units }) => sum + units, 0) * estimating.perMonth
  const unitHours = (set ?? capacityFor(minutes, estimating)) * hoursOfMonth
  const amount = amounts(table, estimating)
  return {
    ...placeOf(table, resource.index),
    dimension,
    quantity: total,
    unit: 'units',
    onDemand: amount(`${kind}RequestsPerMillion`, total / 1_000_000),
    provisioned: amount(`${kind}CapacityUnitHour`, unitHours),
  }
}

/** Units of an average hour, where each hour has what its busiest minute asks for at the target. */
function capacityFor(minutes: readonly Minute[], { observedMs }: Estimating): number {
  const busiest = new Map<number, number>()
  for (const { atMs, units } of minutes) {
    const hour = Math.floor(atMs / hourMs)
    busiest.set(hour, Math.max(busiest.get(hour) ?? 0, units))
  }
  const hours = Math.max(busiest.size, Math.ceil(observedMs / hourMs))
  const needed = [...busiest.values()].map((units) => Math.max(1, Math.ceil(units / 60 / targetUtilization)))
  return (needed.reduce((sum, units) => sum + units, 0) + (hours - needed.length)) / hours
}

function storageOf(table: TableUsage, estimating: Estimating): readonly CostLine[] {
  const gb = (table.storedBytes + table.storedItems * itemOverheadBytes) / bytesOfGb
  const amount = amounts(table, estimating)
  return [
    line(table, 'storage', 'GB', gb, amount('storagePerGbMonth', gb)),
    line(table, 'recovery', 'GB', table.hasRecovery ? gb : 0, amount('recoveryPerGbMonth', gb)),
    line(
      table,
      'backups',
      'GB',
      table.backupBytes / bytesOfGb,
      amount('backupPerGbMonth', table.backupBytes / bytesOfGb),
    ),
  ]
}

function restOf(table: TableUsage, estimating: Estimating): readonly CostLine[] {
  const { perMonth } = estimating
  const amount = amounts(table, estimating)
  const own = table.resources.find(({ index }) => index === undefined)?.writes ?? []
  const written = own.reduce((sum, { units }) => sum + units, 0) * perMonth
  const reads = table.streamReads * perMonth
  const captured = table.feedsKinesis ? written : 0
  const sentGb = (written * bytesOfWriteUnit * (table.regions.length - 1)) / bytesOfGb
  return [
    line(table, 'stream reads', 'requests', reads, amount('streamReadsPerMillion', reads / 1_000_000)),
    line(table, 'kinesis', 'units', captured, amount('changeDataCapturePerMillion', captured / 1_000_000)),
    line(table, 'replication traffic, at most', 'GB', sentGb, amount('transferPerGb', sentGb)),
  ]
}

const placeOf = ({ region, table }: TableUsage, index?: string) => ({
  region,
  table,
  ...(index === undefined ? {} : { index }),
})

/** What costs the same in both modes. */
function line(table: TableUsage, dimension: string, unit: string, quantity: number, amount: Amount): CostLine {
  return { ...placeOf(table), dimension, quantity, unit, onDemand: amount, provisioned: amount }
}

/** Dimensions with a price of their own in the class for infrequent access. */
const byClass = /^(read|write|replicatedWrite|storage)/

function amounts({ region, isInfrequent }: TableUsage, { prices }: Estimating) {
  return (name: PriceName, count: number): Amount => {
    const ofClass =
      isInfrequent && byClass.test(name)
        ? (`infrequent${name.slice(0, 1).toUpperCase()}${name.slice(1)}` as PriceName)
        : name
    const price: Price | undefined = prices.regions[region]?.[ofClass]
    if (price === undefined) return { usd: undefined, isUnconfirmed: false }
    return { usd: price.usd * count, isUnconfirmed: prices.sources[price.from]?.confirmed !== true }
  }
}

function totalOf(lines: readonly CostLine[]): CostTotal {
  const sum = (of: (line: CostLine) => Amount): number => lines.reduce((all, each) => all + (of(each).usd ?? 0), 0)
  return {
    onDemandUsd: sum(({ onDemand }) => onDemand),
    provisionedUsd: sum(({ provisioned }) => provisioned),
    isAtLeast: lines.some(({ onDemand, provisioned }) => onDemand.usd === undefined || provisioned.usd === undefined),
    isUnconfirmed: {
      onDemand: lines.some(({ onDemand }) => onDemand.isUnconfirmed),
      provisioned: lines.some(({ provisioned }) => provisioned.isUnconfirmed),
    },
  }
}

function unknownOf(lines: readonly CostLine[], { usage, observedMs }: Estimating): readonly string[] {
  const lacking = lines.filter(({ onDemand, provisioned }) => (onDemand.usd ?? provisioned.usd) === undefined)
  const named = [...new Set(lacking.map(({ region, dimension }) => `${dimension} in ${region}`))]
  const isShort = observedMs < 24 * hourMs
  return [
    ...(named.length === 0 ? [] : [`The prices of: ${named.join(', ')}.`]),
    ...(isShort
      ? ['What a whole day looks like: less than a day was observed, and a month is taken as more of the same.']
      : []),
    ...(usage.tables.some(({ regions }) => regions.length > 1)
      ? ['The bytes that replication sends: every write unit is taken as a whole kilobyte.']
      : []),
    ...always,
  ]
}

/** Undefined where the prices of both modes are confirmed. */
function unconfirmedName({ region, dimension, onDemand, provisioned }: CostLine): string | undefined {
  if (!onDemand.isUnconfirmed && !provisioned.isUnconfirmed) return undefined
  if (onDemand.isUnconfirmed && provisioned.isUnconfirmed) return `${region} ${dimension}`
  return `${region} ${dimension} (${onDemand.isUnconfirmed ? 'on demand' : 'provisioned'})`
}

const always = [
  'Traffic to clients on the internet, exports, imports, restores, new replicas, DAX nodes, CloudWatch, Contributor Insights and keys of KMS.',
  'Free allowances, reservations, savings plans, discounts and taxes.',
]
