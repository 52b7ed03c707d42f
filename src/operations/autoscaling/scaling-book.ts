/** What a region alone keeps of its targets: their scheduled actions and their tags, in one durable note. */
import { parseSchedule, type Schedule } from '../../core/scaling/scaling-schedule.ts'
import { type Bounds, isOf } from '../../core/scaling/activity.ts'
import type { Scaled } from '../../core/scaling/scalable-target.ts'
import type { Replica } from '../../engine/engine.ts'

type Notes = Pick<Replica, 'note' | 'setNote'>

export type ScheduledAction = {
  readonly id: string
  readonly name: string
  readonly scaled: Scaled
  readonly schedule: string
  readonly timezone?: string
  readonly startMs?: number
  readonly endMs?: number
  readonly bounds: Bounds
  readonly createdMs: number
}

export type Tags = Readonly<Record<string, string>>

type Kept = {
  readonly actions?: readonly ScheduledAction[]
  /** By the id of their target. */
  readonly tags?: Readonly<Record<string, Tags>>
}

const noteName = 'scaling'

export class ScalingBook {
  readonly #notes: Notes
  #kept: Required<Kept>
  readonly #parsed = new Map<string, Schedule>()

  constructor(notes: Notes) {
    this.#notes = notes
    const { actions = [], tags = {} } = (notes.note(noteName) ?? {}) as Kept
    this.#kept = { actions, tags }
  }

  get actions(): readonly ScheduledAction[] {
    return this.#kept.actions
  }

  scheduleOf({ schedule, timezone }: ScheduledAction): Schedule {
    const key = `${timezone}\0${schedule}`
    const known = this.#parsed.get(key)
    if (known !== undefined) return known
    const parsed = parseSchedule(schedule, timezone)
    this.#parsed.set(key, parsed)
    return parsed
  }

  async putAction(action: ScheduledAction): Promise<void> {
    const others = this.#kept.actions.filter((each) => !isSame(each, action))
    await this.#keep({ actions: [...others, action] })
  }

  async removeActions(isGone: (action: ScheduledAction) => boolean): Promise<void> {
    const actions = this.#kept.actions.filter((each) => !isGone(each))
    if (actions.length < this.#kept.actions.length) await this.#keep({ actions })
  }

  tagsOf(target: string): Tags {
    return this.#kept.tags[target] ?? {}
  }

  get tagsCount(): number {
    return Object.values(this.#kept.tags).reduce((sum, tags) => sum + Object.keys(tags).length, 0)
  }

  async setTags(target: string, tags: Tags): Promise<void> {
    const { [target]: _, ...others } = this.#kept.tags
    await this.#keep({ tags: Object.keys(tags).length === 0 ? others : { ...others, [target]: tags } })
  }

  /** Forgets what is of no target any more. */
  async keepOnly(targets: ReadonlySet<string>, isOfTarget: (scaled: Scaled) => boolean): Promise<void> {
    const actions = this.#kept.actions.filter(({ scaled }) => isOfTarget(scaled))
    const tags = Object.entries(this.#kept.tags).filter(([id]) => targets.has(id))
    const isLess = actions.length < this.#kept.actions.length || tags.length < Object.keys(this.#kept.tags).length
    if (isLess) await this.#keep({ actions, tags: Object.fromEntries(tags) })
  }

  async #keep(more: Kept): Promise<void> {
    this.#kept = { ...this.#kept, ...more }
    this.#parsed.clear()
    const isEmpty = this.#kept.actions.length === 0 && Object.keys(this.#kept.tags).length === 0
    await this.#notes.setNote(noteName, isEmpty ? undefined : this.#kept)
  }
}

export const isSame = (a: ScheduledAction, b: Pick<ScheduledAction, 'name' | 'scaled'>): boolean =>
  a.name === b.name && isOf(a.scaled, b.scaled)
