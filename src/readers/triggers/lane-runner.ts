/** The loop of one lane: reads, sends, and goes on, waits or gives up as core/triggers/trigger-lane.ts decides. It ends when the shard has ended and nothing of it is left, or when it is stopped. */
import { BackOff } from '../../core/back-off.ts'
import type { ChangeStream, Shard } from '../../core/change-stream/change-stream.ts'
import { sequenceNumber } from '../../core/change-stream/sequence-number.ts'
import type { Position } from '../../core/change/change.ts'
import { triggerBackOffMsMax, triggerBackOffMsMin } from '../../core/limits/trigger-limits.ts'
import { eventOf, type GivenUp, givenUpRecord, type LastAnswer, objectKey } from '../../core/triggers/event.ts'
import type { Pattern } from '../../core/triggers/event-filter.ts'
import { verdictOf } from '../../core/triggers/function-response.ts'
import {
  decide,
  type Decision,
  type Lane,
  laneFrom,
  type Outcome,
  passed,
  settle,
} from '../../core/triggers/trigger-lane.ts'
import type { LaneProgress, Mapping } from '../../core/triggers/mapping.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Destinations, Functions, Invoked } from '../../ports/functions.ts'
import type { Retries } from '../retries.ts'
import { type LaneBatch, readLane } from './lane-records.ts'
import type { Slot, Slots } from './slots.ts'

export type LaneDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter' | 'random'>
  readonly engine: Pick<Engine, 'streams' | 'region' | 'flushed' | 'oldest'>
  readonly functions: Functions
  readonly destinations: Destinations
  readonly slots: Slots
  readonly retries: Retries
  readonly mapping: Mapping
  readonly patterns: readonly Pattern[]
  /** The last position that cannot be read any more. */
  readonly horizon: () => Position
  readonly stream: () => ChangeStream | undefined
  readonly shard: (stream: ChangeStream) => Shard | undefined
  readonly lane: number
  /** Writes down how far the shard's lanes have come. */
  readonly note: (isUrgent: boolean) => Promise<void>
  readonly onResult: (result: string) => void
}

type Pause = { readonly untilMs?: number | undefined; readonly isBlocked?: true }

export class LaneRunner {
  readonly #deps: LaneDeps
  readonly #backOff = new BackOff(triggerBackOffMsMin, triggerBackOffMsMax)
  #lane: Lane
  #answer: LastAnswer | undefined
  #oldestMs: number | undefined
  #isStopping = false
  #isAbandoned = false
  #isFinished = false
  #wake: (() => void) | undefined
  #wasWoken = false

  constructor(deps: LaneDeps, progress: LaneProgress) {
    this.#deps = deps
    this.#lane = laneFrom(progress)
  }

  get progress(): LaneProgress {
    const { after, window } = this.#lane
    return { after, ...(window === undefined ? {} : { window }) }
  }

  /** Everything of the shard is done. */
  get isFinished(): boolean {
    return this.#isFinished
  }

  /** When the oldest record was written that is not done; undefined when there is none. */
  get oldestMs(): number | undefined {
    return this.#oldestMs
  }

  /** There may be records. */
  wake(): void {
    this.#wasWoken = true
    if (this.#lane.sinceMs === undefined) this.#wake?.()
  }

  /** The batch under way is finished first; with `abandon`, its answer does not count. */
  stop({ abandon }: { readonly abandon: boolean }): void {
    this.#isStopping = true
    this.#isAbandoned ||= abandon
    this.#wake?.()
  }

  async run(): Promise<void> {
    while (!this.#isStopping && !this.#isFinished) {
      const pause = await this.#tryStep()
      if (pause !== undefined && !this.#isStopping && !this.#isFinished) await this.#rest(pause)
    }
  }

  async #tryStep(): Promise<Pause | undefined> {
    const { slots, mapping, env, retries } = this.#deps
    this.#wasWoken = false
    const slot = await slots.take(mapping.uuid)
    try {
      return this.#isStopping ? undefined : await this.#step(slot)
    } catch (error) {
      if (this.#isAbandoned) return undefined
      retries.note('trigger', error, 'a trigger waits', { function: mapping.functionName })
      return { untilMs: env.clock.wallMs() + this.#backOff.next(), isBlocked: true }
    } finally {
      slot.release()
    }
  }

  async #step(slot: Slot): Promise<Pause | undefined> {
    const { env, engine, mapping } = this.#deps
    const stream = this.#deps.stream()
    const shard = stream === undefined ? undefined : this.#deps.shard(stream)
    if (stream === undefined || shard === undefined) return this.#lost()
    this.#skipTrimmed()
    if (this.#isDone(shard)) return this.#finish()
    const batch = await readLane(engine, env.clock, this.#query(stream, shard, slot))
    this.#oldestMs = batch.records[0]?.atMs
    const decision = decide(this.#lane, batch, mapping.settings, env.clock.wallMs())
    switch (decision.kind) {
      case 'wait':
        this.#lane = { ...this.#lane, sinceMs: decision.sinceMs }
        return { untilMs: decision.untilMs }
      case 'pass':
        return await this.#pass(decision.upTo, batch)
      case 'drop':
        return await this.#drop(decision, batch, shard)
      case 'send':
      default:
        return await this.#send(decision, batch, shard)
    }
  }

  #query(stream: ChangeStream, shard: Shard, { bytesMax }: Slot) {
    const { engine, mapping, patterns, lane } = this.#deps
    const { settings, streamArn } = mapping
    const { after, pieces } = this.#lane
    const end = Math.min(shard.upTo ?? Infinity, engine.flushed())
    const upTo = Math.min(end, pieces[0]?.upTo ?? end)
    const bounds = { after, upTo, countMax: settings.batchSize, bytesMax }
    return { stream, shard, streamArn, lane, lanes: settings.lanes, patterns, ...bounds }
  }

  /** The shard is over, and its records with it. */
  #lost(): undefined {
    const { env, mapping } = this.#deps
    env.log.warn('a trigger has not come to the end of a shard before its records were over', {
      function: mapping.functionName,
      stream: mapping.streamArn,
    })
    this.#isFinished = true
  }

  /** Goes on with the oldest record that there is. */
  #skipTrimmed(): void {
    const { horizon, env, mapping } = this.#deps
    if (this.#lane.after >= horizon()) return
    if (this.#oldestMs !== undefined)
      env.log.warn('a trigger is so far behind that records are over', { function: mapping.functionName })
    this.#lane = passed(this.#lane, horizon())
  }

  #isDone({ upTo }: Shard): boolean {
    const { after, window, pieces } = this.#lane
    return upTo !== undefined && after >= upTo && window === undefined && pieces.length === 0
  }

  #finish(): undefined {
    this.#isFinished = true
    this.#oldestMs = undefined
  }

  async #pass(upTo: Position, { filtered }: LaneBatch): Promise<undefined> {
    this.#count('filtered', filtered)
    this.#lane = passed(this.#lane, upTo)
    await this.#deps.note(false)
  }

  async #send(decision: Decision & { kind: 'send' }, batch: LaneBatch, shard: Shard): Promise<Pause | undefined> {
    const { functions, mapping, env } = this.#deps
    const { count, window } = decision
    const { settings, functionArn, functionName, streamArn } = mapping
    const place = { streamArn, shardId: shard.id, windowSeconds: settings.windowSeconds }
    const event = eventOf(batch.json(count), window, place)
    const requestId = env.random.uuid()
    const invoked = await functions.invoke(functionName, event, { requestId, functionArn })
    if (this.#isAbandoned) return undefined
    const records = batch.records.slice(0, count)
    const outcome = this.#outcomeOf(invoked, records.map(sequenceNumber), window !== undefined)
    this.#report(invoked, outcome)
    const before = this.#lane
    const { lane, backsOff } = settle(before, { ...decision, records }, outcome, settings)
    this.#lane = lane
    if (lane.after > before.after || lane.window !== before.window) {
      this.#count('handled', records.filter(({ position }) => position <= lane.after).length)
      if (outcome.kind === 'done') this.#count('filtered', batch.filtered)
      await this.#deps.note(true)
    }
    if (!backsOff) {
      this.#backOff.reset()
      return undefined
    }
    return { untilMs: env.clock.wallMs() + this.#backOff.next(), isBlocked: true }
  }

  #outcomeOf(invoked: Invoked, sequences: readonly string[], hasWindow: boolean): Outcome {
    if (invoked.kind === 'unavailable') return { kind: 'unavailable' }
    this.#answer = { status: 200, isError: invoked.kind === 'failed' }
    if (invoked.kind === 'failed') return { kind: 'failed' }
    const { reportsFailures } = this.#deps.mapping.settings
    return verdictOf(invoked.payload.toString(), { reportsFailures, hasWindow, sequences })
  }

  #report(invoked: Invoked, { kind }: Outcome): void {
    const { env, mapping, onResult } = this.#deps
    const outcome = kind === 'done' ? 'ok' : kind
    env.meter.count('longitude_trigger_invocations_total', { function: mapping.functionName, outcome })
    if (invoked.kind === 'unavailable')
      env.log.warn('a function could not be invoked', { function: mapping.functionName, reason: invoked.reason })
    onResult(resultTexts[outcome])
  }

  /** Its report is taken before the lane goes on. */
  async #drop(decision: Decision & { kind: 'drop' }, batch: LaneBatch, shard: Shard): Promise<undefined> {
    const { mapping, env } = this.#deps
    const { count, upTo, reason } = decision
    if (mapping.settings.onFailure !== undefined)
      await this.#tell(mapping.settings.onFailure, decision, { batch, shardId: shard.id })
    if (this.#isAbandoned) return
    const { functionName } = mapping
    env.log.warn('a trigger gives records up', { function: functionName, reason, count })
    this.#count(reason === 'RecordAgeExceeded' ? 'dropped by age' : 'dropped by attempts', count)
    this.#lane = passed(this.#lane, upTo)
    await this.#deps.note(true)
  }

  async #tell(arn: string, decision: Decision & { kind: 'drop' }, about: Dropped): Promise<void> {
    const { destinations, mapping, env } = this.#deps
    const { count, reason, failures } = decision
    const given: GivenUp = {
      mapping,
      shardId: about.shardId,
      records: about.batch.records.slice(0, count),
      reason,
      failures,
      answer: this.#answer,
      requestId: env.random.uuid(),
      nowMs: env.clock.wallMs(),
    }
    const record = givenUpRecord(given)
    const isObject = arn.split(':')[2] === 's3'
    const payload = isObject ? { payload: `{"Records":[${about.batch.json(count).toString()}]}` } : {}
    const body = Buffer.from(JSON.stringify({ ...record, ...payload }))
    try {
      await destinations.send(arn, isObject ? { body, key: objectKey(given) } : { body })
    } catch (error) {
      const { functionName } = mapping
      env.meter.count('longitude_trigger_destination_failures_total', { function: functionName })
      this.#deps.onResult('PROBLEM: The destination did not take a report')
      throw error
    }
  }

  #count(result: string, count: number): void {
    const { env, mapping } = this.#deps
    if (count > 0) env.meter.count('longitude_trigger_records_total', { function: mapping.functionName, result }, count)
  }

  /** New records end it, unless a failed batch, or one that becomes full, is waited for. */
  async #rest({ untilMs, isBlocked }: Pause): Promise<void> {
    if (this.#wasWoken && isBlocked !== true && this.#lane.sinceMs === undefined) return
    await new Promise<void>((resolve) => {
      const { clock } = this.#deps.env
      const waitMs = untilMs === undefined ? undefined : Math.max(0, untilMs - clock.wallMs())
      const ms =
        this.#lane.sinceMs === undefined || isBlocked === true ? waitMs : Math.min(waitMs ?? gatherMs, gatherMs)
      const cancel = ms === undefined ? () => {} : clock.after(ms, () => done())
      const done = (): void => {
        cancel()
        this.#wake = undefined
        resolve()
      }
      this.#wake = isBlocked === true ? () => (this.#isStopping ? done() : undefined) : done
    })
  }
}

type Dropped = { readonly batch: LaneBatch; readonly shardId: string }

/** As often as Lambda looks for more records. */
const gatherMs = 250

const resultTexts = {
  ok: 'OK',
  partly: 'OK',
  failed: 'PROBLEM: Function call failed',
  unavailable: 'PROBLEM: The function could not be invoked',
} as const
