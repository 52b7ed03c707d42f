/**
 * Scales the capacity of tables and indexes once a minute, when alarms have been evaluated: what scheduled actions ask for, what bounds that have changed
 * ask for, and what the alarms of a policy ask for. A target that fails is tried again with the next minute.
 */
import { ServiceError } from '../../core/errors.ts'
import { tableSetting } from '../../core/metrics/region-metrics.ts'
import { causes, failedToSet, setUnits, settingUnits } from '../../core/scaling/activity.ts'
import { partKey, type Scaled, type ScalableTarget } from '../../core/scaling/scalable-target.ts'
import { agreedUnits, isCooling, unitsFor, within } from '../../core/scaling/tracking.ts'
import { scalingAlarmName } from '../../core/scaling/scaling-alarms.ts'
import { scaleInMinutes } from '../../core/limits/scaling-limits.ts'
import { demandRegister } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { refusedByStore } from '../../engine/trouble.ts'
import type { MetricStore } from '../../readers/metrics/metric-store.ts'
import { Retries } from '../../readers/retries.ts'
import { decreasesToday } from '../tables/decreases.ts'
import { provisionedUnits, scaleCapacity } from '../tables/updates/scale-capacity.ts'
import { allTargets, type AutoScalingContext, targetOf, words } from './autoscaling-context.ts'
import { changeTargets } from './change-targets.ts'
import { runSchedules } from './run-schedules.ts'
import { settleAlarms } from './settle-alarms.ts'

export type ScalerDeps = AutoScalingContext & { readonly store: MetricStore }

const minuteMs = 60_000

export class Scaler {
  readonly #deps: ScalerDeps
  readonly #retries: Retries
  #looking: Promise<void> = Promise.resolve()
  #minuteEndMs: number | undefined
  #stopped = false

  constructor(deps: Omit<ScalerDeps, 'look'>) {
    this.#deps = { ...deps, look: async () => await this.look() }
    this.#retries = new Retries(deps.env)
  }

  get context(): AutoScalingContext {
    return this.#deps
  }

  /** Whether the region has anything to scale. */
  get isNeeded(): boolean {
    const { engine, settings } = this.#deps
    return engine.tables().some(({ scaling }) => scaling?.has(settings.region) === true)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Tables are not to change now. */
  get #isHeld(): boolean {
    return this.#stopped || this.#deps.evacuation.fence !== undefined
  }

  /** An idle target has used nothing: a minute without a value would say less. */
  sample(): void {
    const { env, store } = this.#deps
    for (const { scaled, target } of allTargets(this.#deps))
      if (target.policy !== undefined) store.addIfNone(usedMetric(scaled), env.clock.wallMs(), 0)
  }

  /** Brings alarms in line with policies, and applies bounds that have changed. One look after another. */
  async look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    await this.#looking
  }

  async #look(): Promise<void> {
    await this.#try(async () => {
      await settleAlarms(this.#deps)
      await this.#forget()
    })
    for (const { scaled, target } of allTargets(this.#deps))
      if (target.unbounded !== undefined && !this.#isHeld) await this.#try(() => this.#bound(scaled, target))
  }

  /** Once alarms were evaluated at the end of a minute. */
  async minute(endMs: number): Promise<void> {
    const from = this.#minuteEndMs ?? endMs - minuteMs
    this.#minuteEndMs = endMs
    if (this.#deps.book.actions.length > 0 && !this.#isHeld)
      await this.#try(() => runSchedules(this.#deps, { from, to: endMs }))
    await this.look()
    for (const { scaled, target } of allTargets(this.#deps))
      if (target.policy !== undefined && target.unbounded === undefined && !this.#isHeld)
        await this.#try(() => this.#track(scaled, target, endMs))
  }

  async #forget(): Promise<void> {
    const { book } = this.#deps
    const ids = new Set(allTargets(this.#deps).map(({ target }) => target.id))
    await book.keepOnly(ids, (scaled) => targetOf(scaled, this.#deps) !== undefined)
  }

  /** What is provisioned outside of new bounds is brought in, once. */
  async #bound(scaled: Scaled, target: ScalableTarget): Promise<void> {
    const units = this.#unitsOf(scaled)
    if (units === undefined) return
    const to = within(target, units)
    const cause = to > units ? causes.minimum(target.min) : causes.maximum(target.max)
    const why = target.unbounded === '' ? cause : (target.unbounded ?? cause)
    if (to !== units && !(await this.#scale(scaled, { from: units, to, cause: why }))) return
    await changeTargets(scaled.table, this.#deps, (targets) => {
      const known = targets[partKey(scaled)]
      if (known?.unbounded === undefined || known.min !== target.min || known.max !== target.max) return targets
      const { unbounded: _, ...bounded } = known
      return { ...targets, [partKey(scaled)]: bounded }
    })
  }

  async #track(scaled: Scaled, target: ScalableTarget, endMs: number): Promise<void> {
    const { alarms, activities, env } = this.#deps
    const { policy, suspended } = target
    const units = this.#unitsOf(scaled)
    if (policy === undefined || units === undefined) return
    const isInAlarm = (kind: 'AlarmHigh' | 'AlarmLow'): boolean =>
      alarms.find(scalingAlarmName(scaled, policy, kind))?.state === 'ALARM'
    const isHigh = isInAlarm('AlarmHigh')
    const isLow = !isHigh && isInAlarm('AlarmLow') && policy.isInDisabled !== true && suspended?.in !== true
    const used = isHigh || isLow ? await this.#used(scaled, endMs, isHigh ? 1 : scaleInMinutes) : 0
    const wanted = within(target, unitsFor(used / 60, policy))
    await this.#demand(scaled, isLow ? wanted : undefined)
    const to = isHigh ? wanted : isLow ? this.#agreed(scaled, wanted) : undefined
    if (to === undefined || (isHigh ? to <= units || suspended?.out === true : to >= units)) return
    if (isCooling(policy, activities.scalingsOf(scaled), { from: units, to, nowMs: env.clock.wallMs() })) return
    const alarm = scalingAlarmName(scaled, policy, isHigh ? 'AlarmHigh' : 'AlarmLow')
    const cause = causes.alarm(alarm, policy.name)
    await this.#scale(scaled, { from: units, to, cause })
  }

  #unitsOf(scaled: Scaled): number | undefined {
    const table = this.#table(scaled)
    return table === undefined ? undefined : provisionedUnits(table, scaled, this.#deps.settings.region)
  }

  #table({ table }: Scaled): Table | undefined {
    return this.#deps.engine.tableNamed(table)
  }

  /** The greatest use of the last minutes, in units a minute. */
  async #used(scaled: Scaled, endMs: number, minutes: number): Promise<number> {
    const ref = usedMetric(scaled)
    const points = await this.#deps.store.read([ref], endMs - minutes * minuteMs, endMs)
    return Math.max(0, ...[...(points.get(ref.key)?.values() ?? [])].map(({ sum }) => sum))
  }

  /** Write capacity is the same in all regions: it is lowered as far as all of them agree. */
  #agreed(scaled: Scaled, wanted: number): number | undefined {
    const table = this.#table(scaled)
    if (table === undefined || !isShared(table, scaled)) return wanted
    const { region: own } = this.#deps.settings
    const key = partKey(scaled)
    const others = table.replicas.filter(
      ({ region }) => region !== own && table.scaling?.get(region)?.[key]?.policy !== undefined,
    )
    return agreedUnits(
      wanted,
      others.map(({ region }) => table.demand?.get(region)?.[key]),
    )
  }

  /** Tells other regions how many write units this one asks for; undefined is as many as there are. */
  async #demand(scaled: Scaled, units: number | undefined): Promise<void> {
    const table = this.#table(scaled)
    if (table === undefined || !isShared(table, scaled)) return
    const { engine, settings } = this.#deps
    const before = table.demand?.get(settings.region) ?? {}
    const key = partKey(scaled)
    if (before[key] === units) return
    const { [key]: _, ...others } = before
    const value = units === undefined ? others : { ...others, [key]: units }
    await engine.define(table.id, [{ register: demandRegister(settings.region), value }])
  }

  /** False where it was refused. */
  async #scale(scaled: Scaled, { from, to, cause }: Change): Promise<boolean> {
    const { activities, env } = this.#deps
    const startMs = env.clock.wallMs()
    const failure = await this.#changed(scaled, from, to)
    const last = activities.lastOf(scaled)
    const message = failure === undefined ? setUnits(scaled, to) : failedToSet(scaled, to, failure)
    // One that fails for the same reason each minute is told once.
    if (failure !== undefined && last?.status === 'Failed' && last.message === message) return false
    activities.add({
      id: env.random.uuid(),
      scaled,
      description: settingUnits(scaled, to),
      cause,
      startMs,
      endMs: env.clock.wallMs(),
      status: failure === undefined ? 'Successful' : 'Failed',
      message,
      ...(failure === undefined ? { change: { from, to } } : {}),
    })
    await settleAlarms(this.#deps)
    return failure === undefined
  }

  /** Returns why not. */
  async #changed(scaled: Scaled, from: number, to: number): Promise<string | undefined> {
    try {
      if (to < from) this.#assertMayDecrease(scaled)
      await scaleCapacity({ ...scaled, units: to }, this.#deps)
      return undefined
    } catch (error) {
      const refusal = error instanceof ServiceError ? error : refusedByStore(error)
      if (refusal === undefined) throw error
      return refusal.message
    }
  }

  /** Reads of a replica are not in the count of the table’s decreases: what auto scaling itself has lowered counts. */
  #assertMayDecrease(scaled: Scaled): void {
    const { activities, env } = this.#deps
    const table = this.#table(scaled)
    if (table === undefined || scaled.direction === 'write' || table.replicas.length === 0) return
    const nowMs = env.clock.wallMs()
    const lowered = activities.scalingsOf(scaled).filter(({ from, to }) => to < from)
    const lastMs = lowered.at(-1)?.atMs ?? 0
    const day = Math.floor(nowMs / dayMs)
    const count = lowered.filter(({ atMs }) => Math.floor(atMs / dayMs) === day).length
    if (decreasesToday({ day, count }, nowMs) >= decreasesADayMax && nowMs - lastMs < 60 * minuteMs)
      throw new ServiceError('LimitExceededException', tooManyDecreases)
  }

  /** A failure costs this minute’s part, and is told. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#stopped) this.#retries.note('metrics', error, 'auto scaling waits')
    }
  }
}

type Change = { readonly from: number; readonly to: number; readonly cause: string }

const dayMs = 86_400_000
const decreasesADayMax = 4
const tooManyDecreases =
  'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds.'

const isShared = ({ replicas }: Table, { direction }: Scaled): boolean => replicas.length > 0 && direction === 'write'

const usedMetric = ({ table, index, direction }: Scaled) =>
  tableSetting(`Consumed${words[direction]}CapacityUnits`, {
    TableName: table,
    ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }),
  })
