/** A drill passes when every step did what it says, nothing was left broken, and every target is met. */
import type { Targets } from '../definition/definition.ts'
import type { RegionEffects } from './trigger-effects.ts'
import type { Fates, RecoveryPoint } from './losses.ts'
import type { Proof, StepRecord } from '../definition/drill-record.ts'
import type { Recovery } from './outages.ts'
import type { PairSeries, Service } from './statistics.ts'

export type Verdict = {
  readonly target: string
  readonly wanted: string
  readonly found: string
  readonly pass: boolean
}

export type Judged = {
  readonly steps: readonly StepRecord[]
  readonly services: readonly { readonly region: string; readonly service: Service }[]
  readonly pairs: readonly PairSeries[]
  readonly recoveries: readonly Recovery[]
  readonly recoveryPoints: readonly RecoveryPoint[]
  readonly fates: Fates
  /** There were writes to account for, or there should have been. */
  readonly isLoaded: boolean
  readonly conflictCount: number
  readonly proofs: readonly Proof[]
  readonly convergedMs?: number | undefined
  readonly effects?: readonly RegionEffects[] | undefined
  readonly problems: readonly string[]
}

export function verdictsOf(targets: Targets, judged: Judged): readonly Verdict[] {
  return [
    stepsVerdict(judged.steps),
    ...rtoVerdict(targets.rto, judged.recoveries),
    ...rpoVerdicts(targets.rpo, judged.recoveryPoints),
    ...exposureVerdicts(targets.exposure, judged.pairs),
    ...availabilityVerdicts(targets.availability, judged.services),
    ...(judged.isLoaded ? [lossVerdict(targets['acknowledged writes lost'], judged.fates)] : []),
    ...conflictVerdicts(targets.conflicts, judged.conflictCount),
    convergenceVerdict(targets.convergence, judged),
    ...effectVerdicts(targets['side effects'], judged.effects),
    {
      target: 'everything restored',
      wanted: 'nothing left broken',
      found: judged.problems.length === 0 ? 'all restored' : judged.problems.join('; '),
      pass: judged.problems.length === 0,
    },
  ]
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

function stepsVerdict(steps: readonly StepRecord[]): Verdict {
  const failed = steps.filter(({ outcome }) => outcome === 'failed')
  return {
    target: 'steps',
    wanted: 'all done',
    found:
      failed.length === 0
        ? `${steps.length} done`
        : failed.map(({ text, message }) => `${text}: ${message}`).join('; '),
    pass: failed.length === 0 && steps.length > 0,
  }
}

function rtoVerdict(rto: number | undefined, recoveries: readonly Recovery[]): readonly Verdict[] {
  if (rto === undefined) return []
  const unserved = recoveries.find((each) => each.unserved > 0)
  const worst = recoveries.toSorted((a, b) => (b.rtoMs ?? -1) - (a.rtoMs ?? -1))[0]
  const found =
    unserved !== undefined
      ? `${unserved.unserved} clients in ${unserved.home} were not served again`
      : worst?.rtoMs === undefined
        ? 'nobody was interrupted'
        : `${secondsText(worst.rtoMs)} (clients in ${worst.home}, ${worst.fault})`
  return [
    {
      target: 'RTO',
      wanted: `at most ${secondsText(rto)}`,
      found,
      pass: unserved === undefined && (worst?.rtoMs ?? 0) <= rto,
    },
  ]
}

function rpoVerdicts(rpo: Targets['rpo'], points: readonly RecoveryPoint[]): readonly Verdict[] {
  if (rpo === undefined) return []
  const items = Math.max(0, ...points.map((point) => point.items))
  const ageMs = Math.max(0, ...points.map((point) => point.ageMs))
  // A target that nothing was measured for is not met.
  const measured = points.length > 0
  const none = 'not measured: no region was lost'
  return [
    ...(rpo.items === undefined
      ? []
      : [
          {
            target: 'RPO in items',
            wanted: `at most ${rpo.items}`,
            found: measured ? String(items) : none,
            pass: measured && items <= rpo.items,
          },
        ]),
    ...(rpo.age === undefined
      ? []
      : [
          {
            target: 'RPO in seconds',
            wanted: `at most ${secondsText(rpo.age)}`,
            found: measured ? secondsText(ageMs) : none,
            pass: measured && ageMs <= rpo.age,
          },
        ]),
  ]
}

function exposureVerdicts(exposure: Targets['exposure'], pairs: readonly PairSeries[]): readonly Verdict[] {
  if (exposure === undefined) return []
  const most = pairs.toSorted((a, b) => b.pendingMost - a.pendingMost)[0]
  const longest = pairs.toSorted((a, b) => b.lagMsMost - a.lagMsMost)[0]
  const nothing = 'not measured'
  return [
    ...(exposure.items === undefined
      ? []
      : [
          {
            target: 'most pending between two regions',
            wanted: `at most ${exposure.items}`,
            found: most === undefined ? nothing : `${most.pendingMost} (${most.from} to ${most.to})`,
            pass: most !== undefined && most.pendingMost <= exposure.items,
          },
        ]),
    ...(exposure.age === undefined
      ? []
      : [
          {
            target: 'longest lag between two regions',
            wanted: `at most ${secondsText(exposure.age)}`,
            found:
              longest === undefined ? nothing : `${secondsText(longest.lagMsMost)} (${longest.from} to ${longest.to})`,
            pass: longest !== undefined && longest.lagMsMost <= exposure.age,
          },
        ]),
  ]
}

function availabilityVerdicts(wanted: Targets['availability'], services: Judged['services']): readonly Verdict[] {
  if (wanted === undefined) return []
  return services.flatMap(({ region, service }) => {
    const share = typeof wanted === 'number' ? wanted : wanted[region]
    if (share === undefined) return []
    const { availability, served, requests } = service
    return [
      {
        target: `availability for clients in ${region}`,
        wanted: `at least ${share} %`,
        found: availability === undefined ? 'no requests' : `${availability.toFixed(3)} % (${served} of ${requests})`,
        pass: availability !== undefined && availability >= share,
      },
    ]
  })
}

function lossVerdict(allowed: number, { losses, acknowledged }: Fates): Verdict {
  const byRule = losses.filter(({ reason }) => reason === 'last writer wins').length
  const lost = losses.length - byRule
  return {
    target: 'acknowledged writes lost',
    wanted: `at most ${allowed}, but by last-writer-wins`,
    found: `${lost} of ${acknowledged}; ${byRule} by last-writer-wins`,
    pass: lost <= allowed && acknowledged > 0,
  }
}

function conflictVerdicts(wanted: Targets['conflicts'], count: number): readonly Verdict[] {
  if (wanted === undefined) return []
  const { 'at least': least = 0, 'at most': most = Infinity } = wanted
  const text = [...(least > 0 ? [`at least ${least}`] : []), ...(most === Infinity ? [] : [`at most ${most}`])].join(
    ', ',
  )
  return [{ target: 'conflicts', wanted: text, found: String(count), pass: count >= least && count <= most }]
}

function convergenceVerdict(withinMs: number, { proofs, convergedMs }: Judged): Verdict {
  const refuted = proofs.find(({ equal }) => !equal)
  const found =
    proofs.length === 0
      ? 'not proved'
      : refuted === undefined
        ? `equal ${convergedMs === undefined ? '' : `${secondsText(convergedMs)} after the end of load and faults, `}proved by ${proofs.map(({ askedOf }) => askedOf).join(', ')}`
        : `${refuted.askedOf}: ${refuted.problem ?? `${refuted.differing} items differ`}`
  return {
    target: 'all replicas equal',
    wanted: `proved within ${secondsText(withinMs)}`,
    found,
    pass: proofs.length > 0 && refuted === undefined && convergedMs !== undefined && convergedMs <= withinMs,
  }
}

/** At least once: that none is missing is judged wherever there is a trigger, that few are made again where a target says so. */
function effectVerdicts(
  wanted: Targets['side effects'],
  effects: readonly RegionEffects[] | undefined,
): readonly Verdict[] {
  if (wanted === undefined && effects === undefined) return []
  const { never: neverMost = 0, 'more than once': moreMost } = wanted ?? {}
  const sum = (of: (each: RegionEffects) => number): number => (effects ?? []).reduce((all, each) => all + of(each), 0)
  const [records, never, more] = [sum((each) => each.records), sum((each) => each.never), sum((each) => each.more)]
  const without = sum(({ writesWithout }) => writesWithout)
  const nothing = 'not measured: no record of a stream that has a trigger'
  return [
    {
      target: 'side effects never made',
      wanted: `at most ${neverMost}`,
      found: records === 0 ? nothing : `${never} of ${records} records; ${without} acknowledged writes without one`,
      pass: records > 0 && Math.max(never, without) <= neverMost,
    },
    ...(moreMost === undefined
      ? []
      : [
          {
            target: 'side effects made more than once',
            wanted: `at most ${moreMost}`,
            found: records === 0 ? nothing : `${more} of ${records} records`,
            pass: records > 0 && more <= moreMost,
          },
        ]),
  ]
}
