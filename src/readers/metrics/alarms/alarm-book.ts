/** The alarms of a region, each a durable note, and what has become of them: the history of two weeks. */
import { type Alarm, type AlarmSettings, type AlarmState } from '../../../core/alarms/alarm.ts'
import { type HistoryItem, stateChange, configurationChange } from '../../../core/alarms/alarm-history.ts'
import { initialReason } from '../../../core/alarms/alarm-reason.ts'
import { alarmHistoryItemsMax, alarmHistoryMs } from '../../../core/limits/metric-limits.ts'
import type { Replica } from '../../../engine/engine.ts'
import type { Blobs } from '../../../ports/blobs.ts'
import type { Env } from '../../../ports/env.ts'

type Notes = Pick<Replica, 'note' | 'setNote'>

export type AlarmBookDeps = {
  readonly env: Pick<Env, 'clock'>
  readonly notes: Notes
  readonly blobs: Blobs
}

const listName = 'alarms'
const noteName = (name: string): string => `alarm ${name}`
const historyName = 'alarms/history'

export type NewState = Pick<Alarm, 'state' | 'reason' | 'reasonData'>

export class AlarmBook {
  readonly #deps: AlarmBookDeps
  readonly #alarms = new Map<string, Alarm>()
  /** From the oldest to the newest. */
  #history: HistoryItem[] = []
  #isHistoryChanged = false

  constructor(deps: AlarmBookDeps) {
    this.#deps = deps
    for (const name of (deps.notes.note(listName) as readonly string[] | undefined) ?? []) {
      const alarm = deps.notes.note(noteName(name)) as Alarm | undefined
      if (alarm !== undefined) this.#alarms.set(name, alarm)
    }
  }

  /** In the order of their names. */
  all(): readonly Alarm[] {
    return [...this.#alarms.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): Alarm | undefined {
    return this.#alarms.get(name)
  }

  get size(): number {
    return this.#alarms.size
  }

  /** Makes an alarm, or gives one other settings: its state stays. Resolves when it is durable. */
  async put(settings: AlarmSettings, tags: Readonly<Record<string, string>>): Promise<void> {
    const nowMs = this.#nowMs()
    const before = this.#alarms.get(settings.name)
    const alarm: Alarm =
      before === undefined
        ? { ...settings, tags, ...fresh(nowMs) }
        : { ...settings, tags: before.tags, ...standing(before), configuredMs: nowMs }
    this.#alarms.set(alarm.name, alarm)
    this.#note(configurationChange(before === undefined ? 'Create' : 'Update', alarm, nowMs))
    await this.#write(alarm, before === undefined)
  }

  async remove(names: readonly string[]): Promise<void> {
    const gone = names.flatMap((name) => this.#alarms.get(name) ?? [])
    if (gone.length === 0) return
    for (const alarm of gone) {
      this.#alarms.delete(alarm.name)
      this.#note(configurationChange('Delete', alarm, this.#nowMs()))
    }
    const without = gone.map(({ name }): [string, undefined] => [noteName(name), undefined])
    await this.#deps.notes.setNote(listName, [...this.#alarms.keys()], without)
  }

  /** Returns the alarm as it stands then; undefined for one that is gone. */
  async setState(name: string, to: NewState): Promise<Alarm | undefined> {
    const before = this.#alarms.get(name)
    if (before === undefined) return undefined
    const nowMs = this.#nowMs()
    const isOther = before.state !== to.state
    const { reasonData: _, ...rest } = before
    const alarm = { ...rest, ...to, updatedMs: nowMs, ...(isOther ? { transitionedMs: nowMs } : {}) }
    this.#alarms.set(name, alarm)
    if (isOther) this.#note(stateChange(before, alarm))
    await this.#write(alarm, false)
    return alarm
  }

  /** Changes what is no state and no setting of its evaluation: tags, and whether it acts. */
  async change(name: string, to: Partial<Pick<Alarm, 'tags' | 'actionsEnabled'>>): Promise<void> {
    const before = this.#alarms.get(name)
    if (before === undefined) return
    const alarm = { ...before, ...to }
    this.#alarms.set(name, alarm)
    if (before.actionsEnabled !== alarm.actionsEnabled) this.#note(configurationChange('Update', alarm, this.#nowMs()))
    await this.#write(alarm, false)
  }

  /** From the oldest to the newest. */
  history(): readonly HistoryItem[] {
    return this.#history
  }

  noteAction(item: HistoryItem): void {
    this.#note(item)
  }

  async load(): Promise<void> {
    const bytes = await this.#deps.blobs.get(historyName)
    const lines = bytes?.toString().split('\n') ?? []
    this.#history = [...lines.flatMap((line) => itemIn(line)), ...this.#history].slice(-alarmHistoryItemsMax)
  }

  async flush(): Promise<void> {
    const from = this.#nowMs() - alarmHistoryMs
    this.#history = this.#history.filter(({ atMs }) => atMs >= from)
    if (!this.#isHistoryChanged) return
    this.#isHistoryChanged = false
    const text = this.#history.map((item) => JSON.stringify(item)).join('\n')
    await this.#deps.blobs.put(historyName, Buffer.from(text))
  }

  #note(item: HistoryItem): void {
    this.#history.push(item)
    if (this.#history.length > alarmHistoryItemsMax) this.#history.shift()
    this.#isHistoryChanged = true
  }

  async #write(alarm: Alarm, isNew: boolean): Promise<void> {
    const list: [string, unknown][] = isNew ? [[listName, [...this.#alarms.keys()]]] : []
    await this.#deps.notes.setNote(noteName(alarm.name), alarm, list)
  }

  #nowMs(): number {
    return this.#deps.env.clock.wallMs()
  }
}

function itemIn(line: string): readonly HistoryItem[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as HistoryItem]
  } catch {
    return []
  }
}

const fresh = (nowMs: number): Pick<Alarm, 'state' | 'reason' | 'configuredMs' | 'updatedMs' | 'transitionedMs'> => ({
  state: 'INSUFFICIENT_DATA' satisfies AlarmState,
  reason: initialReason,
  configuredMs: nowMs,
  updatedMs: nowMs,
  transitionedMs: nowMs,
})

function standing({ state, reason, reasonData, updatedMs, transitionedMs }: Alarm) {
  return { state, reason, updatedMs, transitionedMs, ...(reasonData === undefined ? {} : { reasonData }) }
}
