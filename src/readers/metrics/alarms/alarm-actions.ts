/**
 * What alarms do when their state changes: a function is invoked, or a destination gets a message. An action that fails is tried again a few times; what
 * became of it is in the alarm's history. Actions wait in memory: a crash loses those that were not taken.
 */
import { type Alarm, actionsFor } from '../../../core/alarms/alarm.ts'
import { actionTaken, functionEventOf, notificationOf, type Place } from '../../../core/alarms/alarm-history.ts'
import {
  alarmActionsUnderWayMax,
  alarmActionsWaitingMax,
  alarmActionTriesMax,
} from '../../../core/limits/metric-limits.ts'
import { errorText } from '../../../core/error-text.ts'
import { isPolicyArn } from '../../../core/scaling/scalable-target.ts'
import type { Env } from '../../../ports/env.ts'
import type { Destinations, Functions } from '../../../ports/functions.ts'
import type { AlarmBook } from './alarm-book.ts'

export type AlarmActionsDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'random'>
  readonly book: AlarmBook
  readonly functions: Functions
  readonly destinations: Destinations
  readonly place: Place
}

type Waiting = { readonly before: Alarm; readonly after: Alarm; readonly action: string; readonly tries: number }

const firstWaitMs = 1000
const functionArn = /^arn:[^:]+:lambda:[^:]+:\d*:function:([A-Za-z0-9-_]+)/

export class AlarmActions {
  readonly #deps: AlarmActionsDeps
  readonly #waiting: Waiting[] = []
  readonly #timers = new Set<() => void>()
  #underWay = 0
  #stopped = false

  constructor(deps: AlarmActionsDeps) {
    this.#deps = deps
  }

  /** Begins the actions of the alarm's new state. */
  changed(before: Alarm, after: Alarm): void {
    if (!after.actionsEnabled) return
    for (const action of actionsFor(after, after.state)) this.#add({ before, after, action, tries: 0 })
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #add(waiting: Waiting): void {
    if (this.#waiting.length >= alarmActionsWaitingMax) return this.#note(waiting, 'too many actions wait')
    this.#waiting.push(waiting)
    this.#next()
  }

  #next(): void {
    while (!this.#stopped && this.#underWay < alarmActionsUnderWayMax) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) return
      this.#underWay++
      void this.#take(waiting).finally(() => {
        this.#underWay--
        this.#next()
      })
    }
  }

  async #take(waiting: Waiting): Promise<void> {
    try {
      await this.#act(waiting)
      this.#note(waiting)
    } catch (error) {
      const tries = waiting.tries + 1
      if (tries >= alarmActionTriesMax || error instanceof NoSuchAction || this.#stopped)
        return this.#note(waiting, errorText(error))
      const cancel = this.#deps.env.clock.after(firstWaitMs * 2 ** waiting.tries, () => {
        this.#timers.delete(cancel)
        this.#add({ ...waiting, tries })
      })
      this.#timers.add(cancel)
    }
  }

  async #act({ before, after, action }: Waiting): Promise<void> {
    const { functions, destinations, place, env } = this.#deps
    // Auto scaling looks at its alarms by itself (operations/autoscaling).
    if (isPolicyArn(action)) return
    const [, name] = functionArn.exec(action) ?? []
    if (name === undefined) {
      if (!destinations.has(action)) throw new NoSuchAction('the file of functions maps it to no file, URL or subject')
      return await destinations.send(action, { body: Buffer.from(notificationOf(before, after, place)) })
    }
    if (!functions.all().some((each) => each.name === name)) throw new NoSuchAction(`there is no function ${name}`)
    const about = { requestId: env.random.uuid(), functionArn: action }
    const invoked = await functions.invoke(name, Buffer.from(functionEventOf(before, after, place)), about)
    if (invoked.kind === 'unavailable') throw new Error(invoked.reason)
    if (invoked.kind === 'failed') throw new Error('the function has failed')
  }

  #note({ after, action }: Waiting, error?: string): void {
    const { book, env } = this.#deps
    const atMs = env.clock.wallMs()
    if (error !== undefined) env.log.warn('an action of an alarm was not taken', { alarm: after.name, action, error })
    book.noteAction(actionTaken(after, { action, atMs, ...(error === undefined ? {} : { error }) }))
  }
}

class NoSuchAction extends Error {
  override readonly name = 'NoSuchAction'
}
