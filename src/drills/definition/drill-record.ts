/** What a drill writes down while it runs, and nothing that follows from it. Moments are milliseconds since 1970. */
import type { Direction } from './cast.ts'

export type Fate =
  /** The service said that it was done. */
  | 'acknowledged'
  /** It is sure that nothing was done: the service said no, or nobody was there to be asked. */
  | 'refused'
  /** No answer to any attempt that is sure to have done nothing: it may have happened. */
  | 'unknown'

export type Operation = {
  readonly kind: 'write' | 'read'
  readonly client: string
  /** Where the client lives. */
  readonly home: string
  /** The region that gave the last answer, or that was asked last. */
  readonly served: string
  readonly key: string
  /** Of a write: what tells it from every other. Of a read: what was found. */
  readonly value?: string | undefined
  /** Of a read: it has to see every acknowledged write. */
  readonly strong?: boolean | undefined
  /** An item that every region writes. */
  readonly shared: boolean
  readonly startMs: number
  readonly endMs: number
  readonly fate: Fate
  readonly attempts: number
  /** Of an acknowledged write: which write it has replaced, as the service has told. */
  readonly replaced?: string | undefined
  /** Of a read: the item was not there although its write had been acknowledged. */
  readonly stale?: boolean | undefined
  readonly error?: string | undefined
}

export type PairSample = {
  readonly peer: string
  readonly outbound: string
  readonly pending: number
  readonly lagMs: number
  /** Of the peer's changes: those that wait here because its clock is ahead. */
  readonly held: number
  readonly safeToEvacuate: boolean
}

export type RegionSample = {
  readonly region: string
  readonly atMs: number
  readonly state: 'ready' | 'not ready' | 'down'
  /** When the rest was asked for; a sample may repeat what the one before it said. */
  readonly toldMs?: number | undefined
  /** When the node could be asked. */
  readonly peers?: readonly PairSample[] | undefined
  readonly publishing?: boolean | undefined
}

export type FaultRecord = {
  readonly step: number
  readonly what: string
  readonly kind: 'cut' | 'slow' | 'kill' | 'pause' | 'wipe' | 'restart' | 'clock' | 'lose key' | 'drop' | 'fault'
  readonly part?: 'node' | 'nats' | 'region' | undefined
  /** Of a region of several nodes that goes on with the others. */
  readonly node?: string | undefined
  readonly regions: readonly string[]
  readonly links: readonly Direction[]
  readonly startedMs: number
  readonly endedMs?: number | undefined
}

export type StepRecord = {
  readonly step: number
  readonly line: number
  readonly text: string
  readonly note?: string | undefined
  readonly startedMs: number
  readonly endedMs: number
  readonly outcome: 'done' | 'failed'
  readonly message?: string | undefined
}

export type Stamp = { readonly wallMs: number; readonly counter: number; readonly region: number }

/** A write that has lost last-writer-wins, from the conflict feeds. */
export type ConflictRecord = {
  readonly key: string
  readonly metIn: string
  readonly metMs: number
  readonly winner: { readonly region: string; readonly value?: string | undefined; readonly stamp: Stamp }
  readonly loser: { readonly region: string; readonly value?: string | undefined; readonly stamp: Stamp }
}

/** What the others held at the last moment before a region that was broken came back. */
export type Survey = {
  readonly region: string
  readonly faultMs: number
  readonly atMs: number
  readonly holders: Readonly<Record<string, readonly string[]>>
  /** The region's own last word before the fault. */
  readonly pendingBefore?: number | undefined
}

export type Proof = {
  readonly askedOf: string
  readonly atMs: number
  readonly equal: boolean
  readonly watermark?: { readonly wallMs: number; readonly counter: number } | undefined
  readonly rows: number
  readonly inMotion: number
  readonly replicas: readonly string[]
  readonly differing: number
  readonly problem?: string | undefined
}

/** One record of a change stream, and the item that it tells of. */
export type StreamedRecord = { readonly region: string; readonly eventId: string; readonly key: string }

/** What triggers of the drill's table have done. */
export type EffectsRecord = {
  readonly regions: readonly string[]
  /** Each handling of a record, in the order in which they came. */
  readonly handled: readonly (StreamedRecord & { readonly atMs: number })[]
  /** What the regions' streams had in the end, read without a trigger. */
  readonly streamed: readonly StreamedRecord[]
}

/** The drill's own process did not run: what clients saw meanwhile is the machine's doing. */
export type Stall = { readonly fromMs: number; readonly toMs: number }

export type Recorded = {
  readonly startedMs: number
  /** The first request, and the last. */
  readonly loadStartedMs: number
  readonly loadEndedMs: number
  readonly endedMs: number
  readonly operations: readonly Operation[]
  /** What the application’s own probes met; `home` is the probe. */
  readonly probes?: readonly Operation[] | undefined
  readonly samples: readonly RegionSample[]
  readonly sampleEveryMs: number
  readonly steps: readonly StepRecord[]
  readonly faults: readonly FaultRecord[]
  readonly conflicts: readonly ConflictRecord[]
  readonly surveys: readonly Survey[]
  readonly proofs: readonly Proof[]
  /** From the end of the load and of all faults to the proof. */
  readonly convergedMs?: number | undefined
  /** What every region holds in the end: values by key. */
  readonly finals: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly stalls: readonly Stall[]
  /** Where the drill has a trigger. */
  readonly effects?: EffectsRecord | undefined
  /** What could not be ended or restored, in sentences. */
  readonly problems: readonly string[]
}
