/**
 * Looks at the deployment once a second, for all pages together: every region's status, the links, and how far the conflict feeds have come. A look that
 * takes longer than a second delays the next one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { NodeEndpoints } from '../deployment/data-folder.ts'
import { type Administered, askAdmin } from '../deployment/endpoints.ts'
import type { RegionEntry } from '../deployment/regions.ts'
import { askedRegion, type RegionsStatus, statusOf } from '../deployment/status/regions-status.ts'
import type { LinkView } from '../links/control/links-client.ts'
import { messageOf } from '../process/failure.ts'
import { type Carried, stateOf } from './state-of.ts'
import type { State } from './model/console-state.ts'
import { faultNotes, regionNotes } from './notes-of.ts'
import type { Note } from './model/console-state.ts'

export type Deployment = {
  readonly regions: readonly Administered[]
  /** Of regions of several nodes, where these are. */
  readonly nodes?: NodeEndpoints
  readonly links: { list(): Promise<readonly LinkView[]> }
  /** Where clients reach a region, if that is elsewhere than where the console does. */
  readonly published?: Readonly<Record<string, string>>
  /** Where a region is on the map; undefined for one that this program does not know. */
  readonly place: (region: string) => RegionEntry | undefined
}

const everyMs = 1000
const conflictPagesMax = 20
const feedPage = z.object({ conflicts: z.array(z.unknown()), next: z.number() })

export class Watch {
  readonly #deployment: Deployment
  readonly #onState: (state: State) => void
  readonly #onNote: (note: Note) => void
  readonly #ending = new AbortController()
  readonly #feeds = new Map<string, { next: number; seen: number }>()
  #links: { readonly atMs: number; readonly views: readonly LinkView[] } | undefined
  #last: State | undefined
  #running: Promise<void> | undefined
  #looking: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | undefined

  constructor(deployment: Deployment, onState: (state: State) => void, onNote: (note: Note) => void) {
    this.#deployment = deployment
    this.#onState = onState
    this.#onNote = onNote
  }

  get state(): State | undefined {
    return this.#last
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      await this.look()
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** One look at a time. Also asked for when somebody has changed something: what began before does not count then. */
  async look(): Promise<void> {
    this.#waiting ??= this.#lookAfter(this.#looking)
    await this.#waiting
  }

  async #lookAfter(other: Promise<void>): Promise<void> {
    await other
    this.#waiting = undefined
    this.#looking = this.#lookNow()
    await this.#looking
  }

  async #lookNow(): Promise<void> {
    const [status, carried] = await Promise.all([this.#status(), this.#carried(), this.#readFeeds()])
    const state = stateOf({ atMs: Date.now(), status, carried, ...this.#known() })
    if (this.#last !== undefined)
      for (const note of [...faultNotes(this.#last, state), ...regionNotes(this.#last, state)]) this.#onNote(note)
    this.#last = state
    this.#onState(state)
  }

  #known() {
    const { place, published = {} } = this.#deployment
    return { place, published, conflicts: (region: string) => this.#feeds.get(region)?.seen ?? 0 }
  }

  async #status(): Promise<RegionsStatus> {
    const { regions, nodes = {} } = this.#deployment
    return await statusOf(regions.map((at) => askedRegion(at, { briefly: true, nodes })))
  }

  async #carried(): Promise<Carried> {
    try {
      const views = await this.#deployment.links.list()
      const atMs = Date.now()
      const before = this.#links
      this.#links = { atMs, views }
      return { views, before, atMs }
    } catch (error) {
      return { problem: messageOf(error) }
    }
  }

  /** Counts only: what was written is asked for by the page that shows it. */
  async #readFeeds(): Promise<void> {
    await Promise.all(
      this.#deployment.regions.map(async (region) => await this.#readFeed(region).catch(() => undefined)),
    )
  }

  async #readFeed(region: Administered): Promise<void> {
    const feed = this.#feeds.get(region[0]) ?? { next: 0, seen: 0 }
    this.#feeds.set(region[0], feed)
    for (let pages = 0; pages < conflictPagesMax; pages++) {
      const { conflicts, next } = feedPage.parse(await askAdmin(region, `conflicts?after=${feed.next}`))
      feed.seen += conflicts.length
      if (next === feed.next) return
      feed.next = next
    }
  }
}
