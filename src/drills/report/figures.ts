/** The few figures that a drill is run for, each with how it was measured; the page's first screen, the text and the trends show the same. */
import type { Report } from './report.ts'
import { intervalOf } from './statistics.ts'
import { secondsText } from './verdict.ts'

export type Figure = {
  readonly id: string
  readonly name: string
  readonly value: string
  /** How it was measured, and how far it may be off. */
  readonly how: string
}

export function figuresOf(report: Report): readonly Figure[] {
  return [
    rto(report),
    ...rpo(report),
    back(report),
    lost(report),
    overwritten(report),
    availability(report),
    converged(report),
  ]
}

/** In one sentence: writes, rate, sizes, distances. */
export function loadText({ load, circumstances }: Report): string {
  if (load === undefined) return 'The report does not tell its load: it was made by an older version.'
  const distances = Object.entries(circumstances.distances ?? {})
  const far =
    distances.length === 0
      ? 'without known distances'
      : `${distances.map(([pair, ms]) => `${pair} ${Math.round(ms)} ms`).join(', ')} (round trips)`
  const probes = load.probes === 0 ? '' : ` and ${number(load.probes)} attempts of the application’s own probes`
  return `${load.clients} clients, ${number(load.writes)} writes (${number(load.sharedWrites)} of items that several regions write) and ${number(load.reads)} reads in ${load.seconds.toFixed(1)} s, ${load.perSecond.toFixed(0)} a second in all, items of about ${number(load.itemBytes)} bytes${probes}; ${far}.`
}

function rto({ recoveries, load }: Report): Figure {
  const [worst] = recoveries
    .filter(({ rtoMs }) => rtoMs !== undefined)
    .toSorted((a, b) => (b.rtoMs ?? 0) - (a.rtoMs ?? 0))
  const clients = `clients of this drill, failover ${load?.failover.join(', ') || 'none'}`
  const [id, name] = ['rto', 'RTO']
  if (recoveries.some((each) => each.unserved > 0))
    return { id, name, value: 'not served again', how: `of the ${clients}` }
  if (worst?.rtoMs === undefined) return { id, name, value: 'none', how: `none of the ${clients}, was interrupted` }
  const least = worst.rtoMsMin === undefined ? '' : ` Not before ${secondsText(worst.rtoMsMin)}.`
  return {
    id,
    name,
    value: secondsText(worst.rtoMs),
    how: `until the last of ${worst.interrupted} interrupted clients had an answer: ${clients}.${least}`,
  }
}

function rpo({ recoveryPoints }: Report): readonly Figure[] {
  const measured = recoveryPoints.length > 0
  const none = { value: '–', how: 'no region was lost' }
  const before = recoveryPoints.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  return [
    {
      id: 'rpo-items',
      name: 'RPO, items',
      ...(measured
        ? {
            value: String(Math.max(...recoveryPoints.map(({ items }) => items))),
            how: `of ${number(before)} writes that the lost region had acknowledged: held by no other region when it came back`,
          }
        : none),
    },
    {
      id: 'rpo-seconds',
      name: 'RPO, seconds',
      ...(measured
        ? {
            value: secondsText(Math.max(...recoveryPoints.map(({ ageMs }) => ageMs))),
            how: 'the age of the oldest of them at the fault',
          }
        : none),
    },
  ]
}

function back(report: Report): Figure {
  const { outages, startedMs, sampleEveryMs } = report
  const [id, name] = ['back', 'Region back']
  const looked = `looked at every ${sampleEveryMs} ms`
  const longest = outages.toSorted((a, b) => lengthOf(b, report) - lengthOf(a, report))[0]
  if (longest === undefined) return { id, name, value: 'never away', how: looked }
  if (longest.toMs === undefined) return { id, name, value: 'not back', how: `${longest.region}, ${looked}` }
  return {
    id,
    name,
    value: `+${secondsText(longest.toMs - startedMs)}`,
    how: `${longest.region}, ${secondsText(longest.toMs - longest.fromMs)} out of service; ${looked}`,
  }
}

function lengthOf({ fromMs, toMs }: Report['outages'][number], { endedMs }: Report): number {
  return (toMs ?? endedMs) - fromMs
}

function lost({ fates }: Report): Figure {
  const byRule = fates.losses.filter(({ reason }) => reason === 'last writer wins').length
  return {
    id: 'lost',
    name: 'Writes lost',
    value: String(fates.losses.length - byRule),
    how: `of ${number(fates.acknowledged)} acknowledged: neither there, nor replaced, nor in a conflict feed`,
  }
}

function overwritten({ fates }: Report): Figure {
  return {
    id: 'overwritten',
    name: 'Overwritten by last-writer-wins',
    value: String(fates.losses.filter(({ reason }) => reason === 'last writer wins').length),
    how: 'acknowledged as well: each is in a conflict feed with both stamps',
  }
}

function availability({ services }: Report): Figure {
  const [least] = services
    .filter(({ service }) => service.availability !== undefined)
    .toSorted((a, b) => (a.service.availability ?? 0) - (b.service.availability ?? 0))
  const [id, name] = ['availability', 'Availability']
  if (least === undefined) return { id, name, value: '–', how: 'there were no requests' }
  const { service, region } = least
  const [low = 0, high = 0] = intervalOf(service.served, service.requests) ?? []
  return {
    id,
    name,
    value: `${(service.availability ?? 0).toFixed(2)} %`,
    how: `${service.served} of ${service.requests} requests in ${region}, the least; by chance alone ${low.toFixed(1)} to ${high.toFixed(1)} %`,
  }
}

function converged({ convergedMs }: Report): Figure {
  return {
    id: 'converged',
    name: 'All equal after',
    value: convergedMs === undefined ? 'not proved' : secondsText(convergedMs),
    how: 'from the end of load and faults to the regions’ own proof, asked of each',
  }
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
