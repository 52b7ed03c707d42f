/** What a run of a drill is given, and what it tells while it runs. */
import type { Cast } from '../definition/cast.ts'
import type { Drill } from '../definition/definition.ts'
import type { FaultRecord, Operation, RegionSample, StepRecord } from '../definition/drill-record.ts'
import type { EffectsReceiver } from './effects/receiver.ts'
import type { Target } from './targets/target.ts'

export type RunOptions = {
  readonly drill: Drill
  readonly cast: Cast
  readonly target: Target
  readonly seed: number
  /** Waits and the times that faults last are multiplied by it. */
  readonly pace: number
  readonly tableName: string
  /** Where the drill has a trigger. */
  readonly receiver?: EffectsReceiver | undefined
  readonly signal: AbortSignal
  readonly told: (event: RunEvent) => void
}

export type RunEvent =
  | { readonly kind: 'phase'; readonly text: string }
  | { readonly kind: 'step'; readonly text: string; readonly note?: string | undefined }
  | { readonly kind: 'step done'; readonly record: StepRecord }

/** For the live display. */
export type Sight = {
  readonly samples: readonly (RegionSample | undefined)[]
  readonly operations: readonly Operation[]
  readonly faults: readonly FaultRecord[]
}
