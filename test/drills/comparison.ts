/**
 * A drill's report beside what the observer saw. Tolerances are not chosen: two watchers that look every so often have each
 * seen the same moment between two of their looks, so what they say of it can differ by the sum of the two gaps and no more.
 */
import type { Operation, RegionSample } from '../../src/drills/definition/drill-record.ts'
import type { Report } from '../../src/drills/report/report.ts'

/** An item, and the reading in which it was found for the first time. */
export type Seen = {
  readonly fromMs: number
  readonly toMs: number
  readonly by?: string
  readonly at: number
  readonly value?: string
}

export type Observed = {
  readonly table: string
  readonly regions: readonly {
    readonly region: string
    readonly polls: readonly { readonly fromMs: number; readonly toMs: number; readonly ok: boolean }[]
    readonly scans: readonly { readonly fromMs: number; readonly toMs: number }[]
    readonly firstSeen: Readonly<Record<string, Seen>>
  }[]
}

export type Row = {
  readonly figure: string
  readonly report: number
  readonly observer: number
  readonly tolerance: number
  readonly unit: 'ms' | 'items'
  readonly agrees: boolean
}

type Window = { readonly fromMs: number; readonly toMs: number }

/** Of each region, and of each client. */
export type Load = { readonly writers: number; readonly everyMs: number }

export type Compared = {
  readonly report: Report
  /** All looks of the drill at the regions, and all requests of its clients. */
  readonly samples: readonly RegionSample[]
  readonly operations: readonly Operation[]
  readonly observed: Observed
  readonly load: Load
}

export function compare({ report, samples, operations, observed, load }: Compared): readonly Row[] {
  const [point] = report.recoveryPoints
  if (point === undefined) throw new Error('the report has no recovery point')
  const victim = point.region
  // Of a machine that is short of processors a region may once in a while answer late: not that is meant.
  const mendedMs = report.faults.findLast(({ regions }) => regions.includes(victim))?.endedMs ?? 0
  const outage = report.outages.find(
    ({ region, fromMs, toMs = Infinity }) => region === victim && fromMs <= mendedMs && toMs > mendedMs,
  )
  const [gone, back] = [outage?.fromMs, outage?.toMs]
  if (gone === undefined || back === undefined) throw new Error('the report has no outage')
  const seen = outageOf(observed, victim)
  const looks = samples.filter(({ region }) => region === victim).toSorted((a, b) => a.atMs - b.atMs)
  const stoodStillMs = report.stalls.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  const goneWidth = lookWidth(looks, gone) + widthOf(seen.down) + stoodStillMs
  const backWidth = lookWidth(looks, back) + widthOf(seen.up) + stoodStillMs
  const lost = lostBy(observed, victim, seen.down)
  const oldest = Math.min(seen.down.toMs, ...lost.map(({ at }) => at))
  const keys = new Set(point.keys)
  const took = operations
    .filter(({ key, kind }) => kind === 'write' && keys.has(key))
    .map(({ startMs, endMs }) => endMs - startMs)
  const slowest = report.services.find(({ region }) => region === victim)?.service.longestMs ?? 0
  const rto = report.recoveries.findLast(({ home }) => home === victim)?.rtoMs ?? 0
  const served = servedAgain(observed, victim, seen.down.toMs)
  const since = (atMs: number): number => atMs - report.startedMs
  return [
    row('region gone, since the start', since(gone), since(seen.down.toMs), goneWidth),
    row('region back, since the start', since(back), since(seen.up.toMs), backWidth),
    row('region out of service', back - gone, seen.up.toMs - seen.down.toMs, goneWidth + backWidth),
    // The observer takes the moment at which a write was made, the report that of its acknowledgement.
    // A writer that was killed in the middle of a write has no acknowledgement, and yet the write may be there.
    row('RPO: items nowhere else', point.items, lost.length, load.writers, 'items'),
    row(
      'RPO: age of the oldest',
      point.ageMs,
      seen.down.toMs - oldest,
      Math.max(0, ...took) + 2 * load.everyMs + goneWidth,
    ),
    row('RTO: clients of the region', rto, served - seen.down.toMs, slowest + 2 * load.everyMs + goneWidth),
  ]
}

/** From the look before to the look after: what was seen at that moment was so at some time in between. */
function lookWidth(looks: readonly RegionSample[], atMs: number): number {
  const index = looks.findIndex((look) => look.atMs === atMs)
  return (looks[index + 1]?.atMs ?? atMs) - (looks[index - 1]?.atMs ?? atMs)
}

export function comparisonText(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => cell.padEnd([32, 14, 14, 14, 8][index] ?? 8)).join('')
  const text = (value: number, unit: Row['unit']): string =>
    unit === 'ms' ? `${(value / 1000).toFixed(3)} s` : String(value)
  return [
    line(['', 'report', 'observer', 'tolerance', '']),
    ...rows.map(({ figure, report, observer, tolerance, unit, agrees }) =>
      line([
        figure,
        text(report, unit),
        text(observer, unit),
        `± ${text(tolerance, unit)}`,
        agrees ? 'agree' : 'DIFFER',
      ]),
    ),
  ].join('\n')
}

function row(figure: string, report: number, observer: number, tolerance: number, unit: Row['unit'] = 'ms'): Row {
  return { figure, report, observer, tolerance, unit, agrees: Math.abs(report - observer) <= tolerance }
}

/** Between the last look with an answer and the first without, and the other way round at the end. */
function outageOf({ regions }: Observed, victim: string): { readonly down: Window; readonly up: Window } {
  const all = regions.find(({ region }) => region === victim)?.polls ?? []
  // Before that, the table is being made.
  const polls = all.slice(
    Math.max(
      0,
      all.findIndex(({ ok }) => ok),
    ),
  )
  const back = polls.findIndex(
    ({ ok }, index) => ok && index >= 5 && polls.slice(index - 5, index).every((each) => !each.ok),
  )
  const first = polls.findLastIndex(({ ok }, index) => index < back && ok) + 1
  const [before, down, last, up] = [polls[first - 1], polls[first], polls[back - 1], polls[back]]
  if (before === undefined || down === undefined || last === undefined || up === undefined)
    throw new Error('the observer has not seen the region go and come back')
  return { down: { fromMs: before.fromMs, toMs: down.toMs }, up: { fromMs: last.fromMs, toMs: up.toMs } }
}

/** What is on its way arrives within that time; a region that is started again delivers later. */
const underWayMs = 1000

/** Written by the region before it went, and seen in no other region by when all that was on its way had arrived. */
function lostBy({ regions }: Observed, victim: string, down: Window): readonly Seen[] {
  const others = regions.filter(({ region }) => region !== victim)
  const ids = new Set(regions.flatMap(({ firstSeen }) => Object.keys(firstSeen)))
  return [...ids].flatMap((id) => {
    const seen = others.flatMap(({ firstSeen }) => (firstSeen[id] === undefined ? [] : [firstSeen[id]]))
    const [any] = seen
    if (any === undefined || id.startsWith('shared-') || any.by !== victim || any.at > down.toMs) return []
    return seen.every(({ toMs }) => toMs > down.toMs + underWayMs) ? [any] : []
  })
}

/** When the last of the region's own writers wrote elsewhere for the first time after it went. */
function servedAgain({ regions }: Observed, victim: string, goneMs: number): number {
  const first = new Map<string, number>()
  for (const { firstSeen } of regions)
    for (const { value = '', by, at } of Object.values(firstSeen)) {
      const writer = value.split(':')[0] ?? ''
      if (writer.startsWith(victim) && by !== victim && at > goneMs - 1000)
        first.set(writer, Math.min(at, first.get(writer) ?? Infinity))
    }
  return Math.max(...first.values())
}

function widthOf({ fromMs, toMs }: Window): number {
  return toMs - fromMs
}
