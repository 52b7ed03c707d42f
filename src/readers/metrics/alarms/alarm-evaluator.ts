/** Evaluates all alarms of a region, once a minute, over the points that the region has by then. */
import { type Alarm, alarmPeriodSeconds, queriesOf } from '../../../core/alarms/alarm.ts'
import { evaluateAlarm, evaluationRange, type Points } from '../../../core/alarms/alarm-evaluation.ts'
import { reasonDataOf, reasonOf } from '../../../core/alarms/alarm-reason.ts'
import { MathError } from '../../../core/metrics/math/math-expression.ts'
import { metricResolutionMs } from '../../../core/limits/metric-limits.ts'
import { inPeriods, QueryRun } from '../../../core/metrics/metric-query.ts'
import type { Env } from '../../../ports/env.ts'
import type { MetricStore } from '../metric-store.ts'
import { readMetrics } from '../read-queries.ts'
import type { AlarmActions } from './alarm-actions.ts'
import type { AlarmBook, NewState } from './alarm-book.ts'

export type AlarmEvaluatorDeps = {
  readonly env: Pick<Env, 'clock'>
  readonly book: AlarmBook
  readonly store: MetricStore
  readonly actions: AlarmActions
}

export class AlarmEvaluator {
  readonly #deps: AlarmEvaluatorDeps

  constructor(deps: AlarmEvaluatorDeps) {
    this.#deps = deps
  }

  /** `endMs` is the end of the last minute that counts. */
  async evaluate(endMs: number): Promise<void> {
    for (const { name } of this.#deps.book.all()) {
      const alarm = this.#deps.book.find(name)
      const next = alarm === undefined ? undefined : await this.#stateOf(alarm, endMs)
      if (next !== undefined) await this.enter(name, next)
    }
  }

  /** Sets the state of an alarm, and does what it does then. Returns false for one that is not there. */
  async enter(name: string, next: NewState): Promise<boolean> {
    const { book, actions } = this.#deps
    const before = book.find(name)
    const after = await book.setState(name, next)
    if (before === undefined || after === undefined) return false
    if (before.state !== after.state) actions.changed(before, after)
    return true
  }

  /** Undefined where the alarm stays as it is. */
  async #stateOf(alarm: Alarm, endMs: number): Promise<NewState | undefined> {
    try {
      const evaluated = await this.#points(alarm, endMs)
      if (isTooFew(alarm, evaluated.samples)) return undefined
      const verdict = evaluateAlarm(alarm, evaluated.points)
      if (verdict.state === undefined || verdict.state === alarm.state) return undefined
      return {
        state: verdict.state,
        reason: reasonOf(alarm, verdict, evaluated),
        reasonData: reasonDataOf(alarm, verdict, evaluated),
      }
    } catch (error) {
      if (!(error instanceof MathError)) throw error
      const reason = `Failed to evaluate: ${error.message}`
      return alarm.reason === reason ? undefined : { state: 'INSUFFICIENT_DATA', reason }
    }
  }

  async #points(alarm: Alarm, endMs: number) {
    const periodMs = Math.max(metricResolutionMs, alarmPeriodSeconds(alarm) * 1000)
    const count = evaluationRange(alarm)
    const timeline = { startMs: endMs - count * periodMs, endMs, periodMs }
    const times = Array.from({ length: count }, (_, n) => timeline.startMs + n * periodMs)
    const queries = queriesOf(alarm)
    const read = await readMetrics(
      queries.flatMap(({ metric }) => metric ?? []),
      timeline,
      this.#deps.store,
    )
    const [result] = new QueryRun(queries, timeline, read).results()
    const points: Points = times.map((at) => result?.points.get(at))
    const sets = alarm.metric === undefined ? undefined : inPeriods(read(queries[0]?.metric ?? alarm.metric), timeline)
    const samples = times.map((at) => sets?.get(at)?.count)
    return { points, times, samples, nowMs: this.#deps.env.clock.wallMs() }
  }
}

/** Whether a percentile is taken of too few samples, where the alarm is to wait for more then. */
function isTooFew({ metric, lowSampleCount }: Alarm, samples: readonly (number | undefined)[]): boolean {
  const rank = Number(/^p(\d+(?:\.\d+)?)$/.exec(metric?.statistic ?? '')?.[1] ?? Number.NaN) / 100
  if (lowSampleCount !== 'ignore' || Number.isNaN(rank)) return false
  const needed = rank >= 0.5 ? 10 / (1 - rank) : 10 / rank
  return samples.reduce<number>((sum, count = 0) => sum + count, 0) < needed
}
