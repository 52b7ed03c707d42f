/** Eventually consistent reads of a node that follows: from its own store, as far as it has applied what was ordered. */
import type { Region } from '../../../core/topology.ts'
import { isReadable } from '../../../engine/store/identity.ts'
import { ReadingEngine } from '../../../engine/reading-engine.ts'
import type { Pipeline } from '../../../http/pipeline.ts'
import { isEventualRead } from '../../../http/processes/read-kinds.ts'
import type { Reading } from '../../../http/processes/worker-front.ts'
import { Insights } from '../../../operations/insights/insights.ts'
import { isCounted } from '../../../operations/capacity/admission.ts'
import type { Env } from '../../../ports/env.ts'
import type { RequestObserver } from '../../../ports/request-observer.ts'
import type { Store } from '../../../ports/store.ts'
import type { Around } from '../../around.ts'
import type { NodeOptions } from '../../node-options.ts'
import { readingContext, readingPipeline } from '../../reading-api.ts'
import { hasStoredKeys } from '../stored-keys.ts'
import type { Told } from '../line/leader-word.ts'

type LocalReadsOptions = {
  readonly options: NodeOptions
  readonly around: Around
  /** Of this node. */
  readonly store: Store
  readonly env: Pick<Env, 'clock' | 'random' | 'meter' | 'log'>
  readonly observer: RequestObserver | undefined
  /** This node does not lead, and all rows of its store are of one moment. */
  readonly follows: () => boolean
  /** What the leading node has said last; undefined before it has said anything. */
  readonly told: () => Told | undefined
  readonly onFailed: (error: unknown) => void
}

const hasKeys = ({ keyring, keyService, kms }: NodeOptions): boolean =>
  [keyring, keyService, kms].some((each) => each !== undefined)

type Opened = { readonly engine: ReadingEngine; readonly pipeline: Pipeline; readonly insights: Insights }

export class LocalReads implements Reading {
  readonly #options: LocalReadsOptions
  /** Whatever needs the leading node however it stands. */
  readonly #forwardsAlways: boolean
  #opened: Opened | undefined

  constructor(options: LocalReadsOptions) {
    this.#options = options
    const { access = 'off', auditData = false, capacity } = options.options
    // Only the process that runs the region opens the data keys.
    this.#forwardsAlways = access !== 'off' || auditData || isCounted(capacity) || hasKeys(options.options)
  }

  readonly answer: Pipeline = (request, requestId, answer) =>
    (this.#opened ??= this.#open()).pipeline(request, requestId, answer)

  renew(): void {
    if (this.forwardsAll()) return
    this.#opened?.engine.renew()
  }

  forwardsAll(): boolean {
    const { follows, told, store, options } = this.#options
    if (this.#forwardsAlways || told()?.forwardsAll === true || !follows()) return true
    if (this.#opened === undefined && (hasStoredKeys(store) || !isReadable(store, options.self))) return true
    const { engine, insights } = (this.#opened ??= this.#open())
    return insights.any || engine.hasGroups
  }

  mayAnswer(request: Parameters<typeof isEventualRead>[0]): boolean {
    return isEventualRead(request)
  }

  /** The store is filled again: what was known of its tables is not true any more. */
  forget(): void {
    this.#opened = undefined
  }

  #open(): Opened {
    const { options, around, store, env, observer, onFailed } = this.#options
    const { self, accountId, signedFor = [], access = 'off', onBrokenInvariant } = options
    const renewed = { get: store.get.bind(store), entries: store.entries.bind(store), renew: () => undefined }
    const engine = new ReadingEngine(renewed, self)
    const regions = (): readonly string[] => around.watch.topology.regions.map(({ name }: Region) => name)
    const context = readingContext(engine, { env, accountId, region: self.name, regions })
    const standsInFor = (name: string): boolean => this.#options.told()?.standsInFor.includes(name) === true
    const pipeline = readingPipeline({
      context,
      access: around.access,
      mode: access,
      regions: {
        own: self.name,
        all: regions,
        endpointOf: (name) => around.watch.endpoints.get(name),
        alsoFor: { has: (name) => signedFor.includes(name) || standsInFor(name) },
      },
      observer,
      onBrokenInvariant,
      onFailed,
    })
    return { engine, pipeline, insights: new Insights(context) }
  }
}
