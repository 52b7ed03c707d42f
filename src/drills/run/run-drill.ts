/**
 * A drill, from its table to its proof: one step after the other, and at the end, however it comes, everything that was
 * broken is mended before anything else is done.
 */
import { drillOperationsMax } from '../../core/limits/limits.ts'
import type { Action, Condition, ProbePlan, Step, TriggerPlan } from '../definition/definition.ts'
import type { EffectsRecord, Operation, Proof, Recorded, StepRecord } from '../definition/drill-record.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { Evacuations } from './evacuations.ts'
import { Breakage, type Breaking } from './breakage.ts'
import { lacking } from './conditions.ts'
import { losesKeys } from '../definition/steps.ts'
import { DrillTable } from './drill-table.ts'
import { Effects } from './effects/effects.ts'
import { Load } from './load/drill-load.ts'
import type { RunOptions, Sight } from './run-options.ts'
import { Probes } from './load/probes.ts'
import { nowMs, pause } from './time.ts'
import { watchStalls } from './load/stalls.ts'
import { Watch, sampleEveryMs } from './load/watch.ts'
import { Wire } from './load/wire.ts'

/** The drill was interrupted: everything is mended, and there is no verdict. */
export class Interrupted extends Failure {}

const conditionEveryMs = 100
/** A look at a region that is frozen takes a second, and one may be under way that began too early. */
const looksMax = 25
const lifeSignMs = 5000
const settleMsMax = 30_000

export class DrillRun {
  readonly #options: RunOptions
  readonly #wire = new Wire()
  readonly #table: DrillTable
  readonly #watch: Watch
  readonly #breakage: Breakage
  readonly #evacuations: Evacuations
  readonly #effects: Effects | undefined
  readonly #loads: Load[] = []
  readonly #probes: Probes
  readonly #steps: StepRecord[] = []
  readonly #problems: string[] = []
  readonly #ending: Promise<void>[] = []
  readonly #stalls = watchStalls()
  readonly #startedMs = nowMs()
  #loadStartedMs: number | undefined
  #number = 0

  constructor(options: RunOptions) {
    this.#options = options
    const { target, cast, tableName, drill, receiver } = options
    const regions = cast.regions.flatMap((name) => target.regions.filter(({ region }) => region === name))
    this.#table = new DrillTable({
      name: tableName,
      target,
      regions,
      wire: this.#wire,
      hasKeys: losesKeys(drill.steps),
      isStrong: drill.consistency === 'strong',
    })
    this.#effects = receiver && new Effects({ table: tableName, wire: this.#wire, receiver })
    this.#watch = new Watch(target, tableName)
    this.#probes = new Probes(regions)
    this.#evacuations = new Evacuations({
      target,
      cast,
      signal: options.signal,
      told: (text) => options.told({ kind: 'phase', text }),
    })
    this.#breakage = new Breakage({
      target,
      cast,
      watch: this.#watch,
      table: this.#table,
      mostMs: () => Math.max(1000, this.#startedMs + drill['at most'] - nowMs()),
    })
  }

  get sight(): Sight {
    return {
      samples: this.#options.cast.regions.map((region) => this.#watch.latest(region)),
      operations: this.#operations,
      faults: this.#breakage.active,
    }
  }

  /** Rejects when there is nothing to judge; what was broken is mended all the same. */
  async run(): Promise<Recorded> {
    const { drill, target, told, signal } = this.#options
    const life = setInterval(() => void target.live().catch(() => undefined), lifeSignMs)
    try {
      await target.live()
      told({ kind: 'phase', text: `making the table ${this.#table.name}` })
      await this.#table.create(signal)
      this.#watch.start()
      return await this.#record(await this.#play(drill.steps))
    } finally {
      await this.#restore()
      clearInterval(life)
      this.#stalls.stop()
      await this.#stopLoads()
      await this.#watch.stop()
      this.#problems.push(...((await this.#effects?.remove()) ?? []))
      await this.#table.remove().catch((error: unknown) => this.#problems.push(messageOf(error)))
      this.#wire.close()
    }
  }

  /** In the order of their ends. */
  get #operations(): readonly Operation[] {
    return this.#loads.length === 1
      ? (this.#loads[0]?.operations ?? [])
      : this.#loads.flatMap((load) => load.operations).toSorted((a, b) => a.endMs - b.endMs)
  }

  /** All steps, or those up to the first that fails; then everything is mended. */
  async #play(steps: readonly Step[]): Promise<number> {
    try {
      await this.#playAll(steps)
    } finally {
      await this.#restore()
    }
    await Promise.all(this.#ending)
    await this.#stopLoads()
    if (this.#options.signal.aborted) throw new Interrupted('interrupted; everything that was broken is mended')
    return nowMs()
  }

  async #playAll(steps: readonly Step[]): Promise<boolean> {
    for (const step of steps) if (!(await this.#playOne(step))) return false
    return true
  }

  async #playOne(step: Step): Promise<boolean> {
    const { action, text, note, line } = step
    if (action.do === 'repeat') {
      for (let round = 0; round < action.times; round++) if (!(await this.#playAll(action.steps))) return false
      return true
    }
    const { told, signal, drill } = this.#options
    const number = ++this.#number
    const startedMs = nowMs()
    told({ kind: 'step', text, note })
    let message: string | undefined
    try {
      if (signal.aborted) throw new Interrupted('interrupted')
      if (startedMs > this.#startedMs + drill['at most']) throw new Failure('the drill takes longer than it may')
      await this.#do(action, { step: number, what: text })
      if (signal.aborted) throw new Interrupted('interrupted')
    } catch (error) {
      message = messageOf(error)
    }
    const record: StepRecord = {
      step: number,
      line,
      text,
      ...(note === undefined ? {} : { note }),
      startedMs,
      endedMs: nowMs(),
      outcome: message === undefined ? 'done' : 'failed',
      ...(message === undefined ? {} : { message }),
    }
    this.#steps.push(record)
    told({ kind: 'step done', record })
    return message === undefined
  }

  async #do(action: Exclude<Action, { do: 'repeat' }>, of: { step: number; what: string }): Promise<void> {
    const { cast, pace, signal } = this.#options
    switch (action.do) {
      case 'load':
        return this.#startLoad(action.load)
      case 'probe':
        return this.#startProbe(action.probe)
      case 'trigger':
        return await this.#startTrigger(action.trigger)
      case 'stop writes':
      case 'start writes':
        for (const load of this.#loads) load.setPaused(cast.places(action.in), action.do === 'stop writes')
        return
      case 'recovery':
        for (const region of cast.places(action.in)) await this.#table.keepHistory(region)
        return
      case 'drop':
        return await this.#drop(cast.place(action.region), of)
      case 'restore':
        return await this.#restoreTable(cast.place(action.region))
      case 'move':
        for (const load of this.#loads) load.move(cast.place(action.from), cast.place(action.to))
        return
      case 'heal':
        return await this.#breakage.heal(action.what)
      case 'wait':
        return await pause(action.ms * pace, signal)
      case 'wait until':
        return await this.#until(action.until, action.within)
      case 'expect':
        return await this.#expect(action.expect)
      case 'cut':
        return await this.#break(action, of, action.cut.for)
      case 'slow':
        return await this.#break(action, of, action.slow.for)
      case 'fault':
        return await this.#break(action, of, action.fault.for)
      case 'evacuate':
      case 'readmit':
        return await this.#evacuations.play(action)
      case 'kill':
      case 'pause':
      case 'lose key':
      case 'clock':
      case 'wipe':
      case 'restart':
        return await this.#break(action, of, 'for' in action ? action.for : undefined)
    }
  }

  async #restoreTable(region: string): Promise<void> {
    const { signal } = this.#options
    await this.#table.restore(region, signal)
    await this.#breakage.undropped()
    await this.#table.replicate(region, signal)
  }

  async #drop(region: string, of: { step: number; what: string }): Promise<void> {
    await this.#table.leaveOnly(region)
    this.#breakage.dropped(region, of)
    await this.#table.delete(region)
  }

  async #break(action: Breaking, of: { step: number; what: string }, forMs: number | undefined): Promise<void> {
    const mend = await this.#breakage.break(action, of)
    if (forMs === undefined) return
    const ending = pause(forMs * this.#options.pace, this.#options.signal).then(mend)
    this.#ending.push(ending.catch((error: unknown) => void this.#problems.push(messageOf(error))))
  }

  #startLoad(plan: Extract<Action, { do: 'load' }>['load']): void {
    const { cast, target, seed } = this.#options
    const { failover } = plan
    const load = new Load({
      plan,
      homes: cast.places(plan.in),
      failover: failover === 'nearest' || failover === 'none' ? undefined : cast.place(failover),
      regions: target.regions.filter(({ region }) => cast.regions.includes(region)),
      table: this.#table.name,
      wire: this.#wire,
      seed: seed + this.#loads.length,
      roundTripMs: (from, to) => target.roundTripMs(from, to),
    })
    this.#loadStartedMs ??= nowMs()
    this.#loads.push(load)
    load.start()
  }

  #startProbe(plan: ProbePlan): void {
    this.#loadStartedMs ??= nowMs()
    this.#probes.start(plan, (name) => this.#options.cast.place(name))
  }

  async #startTrigger(plan: TriggerPlan): Promise<void> {
    const { cast, target } = this.#options
    const names = cast.places(plan.in)
    const places = target.regions.filter(({ region }) => names.includes(region))
    await this.#effects?.begin(plan, places)
  }

  async #until(condition: Condition, withinMs: number): Promise<void> {
    const { signal, drill } = this.#options
    const sinceMs = nowMs()
    const deadlineMs = Math.min(sinceMs + withinMs, this.#startedMs + drill['at most'])
    for (;;) {
      const missing = await this.#lacking(condition, sinceMs)
      if (missing === undefined || signal.aborted) return
      if (nowMs() > deadlineMs) throw new Failure(`not within ${withinMs / 1000} s: ${missing}`)
      await pause(conditionEveryMs, signal)
    }
  }

  /** What was seen a moment ago counts: nothing is waited for but the next look at the regions. */
  async #expect(condition: Condition): Promise<void> {
    const sinceMs = nowMs() - (condition.served === undefined ? 0 : 2000)
    let missing = await this.#lacking(condition, sinceMs)
    for (let look = 0; look < looksMax && missing !== undefined; look++) {
      await pause(conditionEveryMs)
      missing = await this.#lacking(condition, sinceMs)
    }
    if (missing !== undefined) throw new Failure(missing)
  }

  async #lacking(condition: Condition, sinceMs: number): Promise<string | undefined> {
    const { cast } = this.#options
    return await lacking(condition, {
      cast,
      watch: this.#watch,
      operations: this.#operations,
      sinceMs,
      equal: async () => {
        const proofs = await Promise.all(cast.regions.map(async (region) => await this.#table.proof(region)))
        const refuted = proofs.find(({ equal }) => !equal)
        return refuted === undefined ? undefined : `${refuted.askedOf}: ${refuted.problem ?? 'replicas differ'}`
      },
    })
  }

  async #restore(): Promise<void> {
    try {
      await this.#breakage.healAll()
    } catch (error) {
      this.#problems.push(messageOf(error))
    }
    this.#problems.push(...(await this.#evacuations.restore()))
    const left = await this.#options.target.restore().catch((error: unknown) => [messageOf(error)])
    this.#problems.push(...left.filter((problem) => !this.#problems.includes(problem)))
  }

  async #stopLoads(): Promise<void> {
    await Promise.all([this.#probes.stop(), ...this.#loads.map(async (load) => await load.stop())])
  }

  /** After the last fault and the last request. */
  async #record(loadEndedMs: number): Promise<Recorded> {
    const { cast, told, drill } = this.#options
    told({ kind: 'phase', text: 'waiting for the regions to agree, and proving it' })
    const proofs = await this.#proofs(loadEndedMs + Math.max(settleMsMax, drill.targets.convergence))
    const provedMs = Math.max(loadEndedMs, ...proofs.map(({ atMs }) => atMs))
    const finals: Record<string, Readonly<Record<string, string>>> = {}
    for (const region of cast.regions) {
      try {
        finals[region] = await this.#table.scan(region)
        const wiped = this.#breakage.records.some(({ kind, regions }) => kind === 'wipe' && regions.includes(region))
        await this.#watch.readConflicts(region, wiped)
      } catch (error) {
        this.#problems.push(`${region} could not be read in the end: ${messageOf(error)}`)
      }
    }
    const effects = await this.#settledEffects()
    await this.#watch.stop()
    if (this.#probes.isFull || this.#loads.some(({ isFull }) => isFull))
      this.#problems.push(`the load ended early: a drill records ${drillOperationsMax} operations of it`)
    return {
      startedMs: this.#startedMs,
      loadStartedMs: this.#loadStartedMs ?? this.#startedMs,
      loadEndedMs,
      endedMs: nowMs(),
      operations: this.#operations,
      probes: this.#probes.attempts,
      samples: this.#watch.samples,
      sampleEveryMs,
      steps: this.#steps,
      faults: this.#breakage.records,
      conflicts: this.#watch.conflicts,
      surveys: this.#breakage.surveys,
      proofs,
      ...(proofs.every(({ equal }) => equal) ? { convergedMs: provedMs - loadEndedMs } : {}),
      finals,
      stalls: this.#stalls.seen,
      ...(effects === undefined ? {} : { effects }),
      problems: this.#problems,
    }
  }

  async #settledEffects(): Promise<EffectsRecord | undefined> {
    try {
      return await this.#effects?.settled(this.#options.signal)
    } catch (error) {
      this.#problems.push(`what triggers did could not be read: ${messageOf(error)}`)
      return undefined
    }
  }

  /** Of every region, until all of them vouch for everything or the time is over. */
  async #proofs(untilMs: number): Promise<readonly Proof[]> {
    for (;;) {
      const proofs: Proof[] = []
      for (const region of this.#options.cast.regions) proofs.push(await this.#table.proof(region))
      const done = proofs.every(({ equal, inMotion }) => equal && inMotion === 0)
      if (done || nowMs() > untilMs || this.#options.signal.aborted) return proofs
      await pause(conditionEveryMs, this.#options.signal)
    }
  }
}
