/** All that follows from what a drill wrote down, in the one form that the JSON, the Markdown and the page are made from. */
import type { Drill, Targets } from '../definition/definition.ts'
import { type Fates, type RecoveryPoint, fatesOf, recoveryPointOf } from './losses.ts'
import type { ConflictRecord, FaultRecord, Proof, Recorded, Stall, StepRecord } from '../definition/drill-record.ts'
import { type Outage, type Recovery, outagesOf, recoveriesOf } from './outages.ts'
import { type RegionEffects, effectsOf } from './trigger-effects.ts'
import { type LoadSummary, hasLoad, loadOf } from './load-summary.ts'
import { groupBy } from '../definition/group-by.ts'
import { type Bin, type PairSeries, type Service, binsOf, pairSeriesOf, serviceOf } from './statistics.ts'
import { type Verdict, verdictsOf } from './verdict.ts'

export const reportFormat = 1

export type Circumstances = {
  readonly version: string
  readonly target: string
  readonly seed: number
  readonly regions: readonly string[]
  /** Who played what. */
  readonly roles: Readonly<Record<string, string>>
  readonly understudies: Readonly<Record<string, string>>
  /** As it was given, in full. */
  readonly definition: string
  readonly host: string
  /** Pace: waits and faults were made shorter by this factor. */
  readonly pace: number
  /** Who ran it, as the machine or `--operator` says; reports of older versions do not tell. */
  readonly operator?: string | undefined
  /** Of this program. */
  readonly commit?: string | undefined
  /** What the command was given, without secrets. */
  readonly configuration?: Readonly<Record<string, string>> | undefined
  /** Round trips between the regions, by `a..b`, in milliseconds. */
  readonly distances?: Readonly<Record<string, number>> | undefined
}

export type Report = {
  readonly format: number
  readonly name: string
  readonly title: string
  readonly description: string
  readonly outcome: 'pass' | 'fail'
  readonly circumstances: Circumstances
  readonly startedMs: number
  readonly loadStartedMs: number
  readonly loadEndedMs: number
  readonly endedMs: number
  readonly targets: Targets
  readonly verdicts: readonly Verdict[]
  readonly steps: readonly StepRecord[]
  readonly faults: readonly FaultRecord[]
  readonly outages: readonly Outage[]
  readonly services: readonly { readonly region: string; readonly service: Service; readonly bins: readonly Bin[] }[]
  readonly binMs: number
  readonly sampleEveryMs: number
  readonly pairs: readonly PairSeries[]
  readonly recoveries: readonly Recovery[]
  readonly recoveryPoints: readonly RecoveryPoint[]
  readonly fates: Fates
  readonly conflicts: readonly ConflictRecord[]
  readonly conflictsCut: number
  readonly proofs: readonly Proof[]
  readonly convergedMs?: number | undefined
  /** Where the drill has a trigger. */
  readonly effects?: readonly RegionEffects[] | undefined
  readonly stalls: readonly Stall[]
  readonly problems: readonly string[]
  /** What the figures rest on; reports of older versions do not tell. */
  readonly load?: LoadSummary | undefined
  /** SHA-256 of the files that the report was made from. */
  readonly digests?: Readonly<Record<string, string>> | undefined
}

const binsMax = 240
const binMsLeast = 250
const conflictsMax = 500

export function reportOf(drill: Drill, recorded: Recorded, circumstances: Circumstances): Report {
  const { startedMs, loadEndedMs, endedMs, samples } = recorded
  const binMs = Math.max(binMsLeast, Math.ceil((endedMs - startedMs) / binsMax / 50) * 50)
  const judged = judgedOf(drill, recorded, { binMs, place: placeIn(circumstances.regions) })
  const verdicts = verdictsOf(drill.targets, judged)
  return {
    format: reportFormat,
    name: drill.name,
    title: drill.title,
    description: drill.description,
    outcome: verdicts.every(({ pass }) => pass) ? 'pass' : 'fail',
    circumstances,
    startedMs,
    loadStartedMs: recorded.loadStartedMs,
    loadEndedMs,
    endedMs,
    targets: drill.targets,
    verdicts,
    steps: recorded.steps,
    faults: recorded.faults,
    outages: outagesOf(samples),
    services: judged.services,
    binMs,
    sampleEveryMs: recorded.sampleEveryMs,
    pairs: judged.pairs,
    recoveries: judged.recoveries,
    recoveryPoints: judged.recoveryPoints,
    fates: judged.fates,
    conflicts: recorded.conflicts.slice(0, conflictsMax),
    conflictsCut: Math.max(0, recorded.conflicts.length - conflictsMax),
    proofs: recorded.proofs,
    convergedMs: recorded.convergedMs,
    effects: judged.effects,
    stalls: recorded.stalls,
    problems: recorded.problems,
    load: loadOf(drill.steps, recorded),
  }
}

type Judging = { readonly binMs: number; readonly place: ReturnType<typeof placeIn> }

/** What the targets are judged by. */
function judgedOf({ steps }: Drill, recorded: Recorded, { binMs, place }: Judging) {
  const { startedMs, loadEndedMs, endedMs, operations, probes = [], samples } = recorded
  return {
    steps: recorded.steps,
    services: servicesOf(recorded, binMs).toSorted((a, b) => place(a.region) - place(b.region)),
    pairs: pairSeriesOf(samples, startedMs, endedMs, binMs).toSorted((a, b) => place(a.from) - place(b.from)),
    recoveries: recoveriesOf([...operations, ...probes], recorded.faults, loadEndedMs),
    recoveryPoints: recorded.surveys.map((survey) => recoveryPointOf(survey, operations)),
    fates: fatesOf(recorded),
    isLoaded: hasLoad(steps) || probes.length === 0,
    conflictCount: recorded.conflicts.length,
    proofs: recorded.proofs,
    convergedMs: recorded.convergedMs,
    effects: effectsOf(recorded),
    problems: recorded.problems,
  }
}

function servicesOf({ operations, probes = [], startedMs, endedMs }: Recorded, binMs: number): Report['services'] {
  const byHome = [...groupBy(operations, ({ home }) => home), ...groupBy(probes, ({ home }) => home)]
  return byHome.map(([region, own]) => ({
    region,
    service: serviceOf(own),
    bins: binsOf(own, startedMs, endedMs, binMs),
  }))
}

/** Probes come after all regions. */
function placeIn(regions: readonly string[]): (region: string) => number {
  return (region) => (regions.includes(region) ? regions.indexOf(region) : regions.length)
}
