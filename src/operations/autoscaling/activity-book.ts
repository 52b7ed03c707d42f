/** What auto scaling has done in a region. It is written down with the points of metrics, so a crash costs the last minutes of it at most. */
import { isOf, type ScalingActivity } from '../../core/scaling/activity.ts'
import type { Scaled } from '../../core/scaling/scalable-target.ts'
import type { Scaling } from '../../core/scaling/tracking.ts'
import { scalingActivitiesMax, scalingActivitiesMs } from '../../core/limits/scaling-limits.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Env } from '../../ports/env.ts'

const blobName = 'scaling/activities'

export class ActivityBook {
  readonly #env: Pick<Env, 'clock'>
  readonly #blobs: Blobs
  /** From the oldest to the newest. */
  #activities: ScalingActivity[] = []
  #isChanged = false

  constructor(env: Pick<Env, 'clock'>, blobs: Blobs) {
    this.#env = env
    this.#blobs = blobs
  }

  all(): readonly ScalingActivity[] {
    return this.#activities
  }

  lastOf(scaled: Scaled): ScalingActivity | undefined {
    return this.#activities.findLast((each) => isOf(each.scaled, scaled))
  }

  /** Changes of capacity that were made, from the oldest on. */
  scalingsOf(scaled: Scaled): readonly Scaling[] {
    return this.#activities.flatMap(({ scaled: other, change, endMs }) =>
      change === undefined || !isOf(scaled, other) ? [] : { ...change, atMs: endMs },
    )
  }

  add(activity: ScalingActivity): void {
    this.#activities.push(activity)
    if (this.#activities.length > scalingActivitiesMax) this.#activities.shift()
    this.#isChanged = true
  }

  async load(): Promise<void> {
    const bytes = await this.#blobs.get(blobName)
    const lines = bytes?.toString().split('\n') ?? []
    const kept = [...lines.flatMap(activityIn), ...this.#activities]
    this.#activities = kept.slice(-scalingActivitiesMax)
  }

  async flush(): Promise<void> {
    const from = this.#env.clock.wallMs() - scalingActivitiesMs
    this.#activities = this.#activities.filter(({ endMs }) => endMs >= from)
    if (!this.#isChanged) return
    this.#isChanged = false
    const text = this.#activities.map((activity) => JSON.stringify(activity)).join('\n')
    await this.#blobs.put(blobName, Buffer.from(text))
  }
}

function activityIn(line: string): readonly ScalingActivity[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as ScalingActivity]
  } catch {
    return []
  }
}
