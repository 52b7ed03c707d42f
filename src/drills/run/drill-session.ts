/** One run of a drill on a target, from its start to its report. */
import { randomBytes } from 'node:crypto'
import { arch, cpus, platform } from 'node:os'
import { castOf } from '../definition/cast.ts'
import { stepsIn } from '../definition/steps.ts'
import type { Step, TriggerPlan } from '../definition/definition.ts'
import type { Recorded } from '../definition/drill-record.ts'
import { type Report, reportOf } from '../report/report.ts'
import { commitOf } from '../../process/source-commit.ts'
import { Failure } from '../../process/failure.ts'
import type { EffectsReceiver } from './effects/receiver.ts'
import { displayOn } from './display.ts'
import type { DrillFile } from './drill-files.ts'
import { DrillRun } from './run-drill.ts'
import type { RunEvent } from './run-options.ts'
import type { Target } from './targets/target.ts'

export type SessionOptions = {
  readonly file: DrillFile
  readonly target: Target
  /** Where the drill has a trigger. */
  readonly receiver?: EffectsReceiver | undefined
  readonly seed: number
  readonly pace: number
  /** Disks may be wiped and clocks stepped: the regions are the drill's own, or it was allowed. */
  readonly mayHarm: boolean
  readonly version: string
  readonly operator: string
  /** What the command was given, without secrets. */
  readonly configuration: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly stream: NodeJS.WriteStream
}

export async function runSession(
  options: SessionOptions,
): Promise<{ readonly report: Report; readonly recorded: Recorded }> {
  const { file, target, receiver, seed, pace, signal, stream } = options
  const { drill } = file
  if (!options.mayHarm) refuseHarm(drill.steps, target)
  const deployed = target.regions.map(({ region }) => region)
  const cast = castOf(drill, deployed)
  if (typeof cast === 'string') throw new Failure(cast)
  const display = displayOn(stream, `${drill.name}: ${drill.title} — on ${target.description}, seed ${seed}`)
  const tableName = `drill-${drill.name}-${randomBytes(3).toString('hex')}`
  const told = (event: RunEvent): void => display.told(event)
  const run = new DrillRun({ drill, cast, target, receiver, seed, pace, tableName, signal, told })
  display.look(() => run.sight)
  try {
    const recorded = await run.run()
    const report = reportOf(drill, recorded, {
      version: options.version,
      target: target.description,
      seed,
      regions: cast.regions,
      roles: Object.fromEntries(Object.keys(drill.roles).map((role) => [role, cast.place(role)])),
      understudies: cast.understudies,
      definition: file.text,
      host: `${platform()} ${arch()}, ${cpus().length} processors, Node ${process.versions.node}`,
      pace,
      operator: options.operator,
      commit: commitOf(),
      configuration: options.configuration,
      distances: distancesBetween(cast.regions, target),
    })
    return { report, recorded }
  } finally {
    display.end()
  }
}

function distancesBetween(regions: readonly string[], target: Target): Readonly<Record<string, number>> {
  const pairs = regions.flatMap((from, place) => regions.slice(place + 1).map((to) => [from, to] as const))
  return Object.fromEntries(pairs.map(([from, to]) => [`${from}..${to}`, target.roundTripMs(from, to)]))
}

/** A wiped disk loses other people's writes, and a clock that was ahead stays so in the stamps of what it wrote. */
function refuseHarm(steps: readonly Step[], target: Target): void {
  const harmful = harmfulStep(steps)
  if (harmful === undefined) return
  throw new Failure(
    `"${harmful.text}" (line ${harmful.line}) could harm what else is in ${target.description}; --allow-harm lets it, --start runs the drill on regions of its own`,
  )
}

const harmfulStep = (steps: readonly Step[]) =>
  stepsIn(steps).find(({ action }) => action.do === 'wipe' || action.do === 'clock')

/** It is refused on regions that are not its own, unless it is allowed. */
export const isHarmful = (steps: readonly Step[]): boolean => harmfulStep(steps) !== undefined

/** The first trigger of a drill, which says where its function is. */
export function triggerIn(steps: readonly Step[]): TriggerPlan | undefined {
  return stepsIn(steps).flatMap(({ action }) => (action.do === 'trigger' ? [action.trigger] : []))[0]
}
