/** Eventually consistent reads of a node that follows: from its own store, as far as it has applied what was ordered. */
import type { Region } from '../../../core/topology.ts'
import { isReadable } from '../../../engine/store/identity.ts'
import type { Pipeline } from '../../../http/pipeline.ts'
import { isEventualRead } from '../../../http/processes/read-kinds.ts'
import type { Reading } from '../../../http/processes/worker-front.ts'
import { isCounted } from '../../../operations/capacity/admission.ts'
import type { Env } from '../../../ports/env.ts'
import type { RequestObserver } from '../../../ports/request-observer.ts'
import type { Store } from '../../../ports/store.ts'
import type { Around } from '../../around.ts'
import type { NodeOptions } from '../../node-options.ts'
import { type ReadingApi, readingApi } from '../../reading-api.ts'
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

export class LocalReads implements Reading {
  readonly #options: LocalReadsOptions
  /** Whatever needs the leading node however it stands. */
  readonly #forwardsAlways: boolean
  #opened: ReadingApi | undefined

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
    this.#opened?.renew()
  }

  forwardsAll(): boolean {
    const { follows, told, store, options } = this.#options
    if (this.#forwardsAlways || told()?.forwardsAll === true || !follows()) return true
    if (this.#opened === undefined && (hasStoredKeys(store) || !isReadable(store, options.self))) return true
    return (this.#opened ??= this.#open()).needsOwner()
  }

  mayAnswer(request: Parameters<typeof isEventualRead>[0]): boolean {
    return isEventualRead(request)
  }

  /** The store is filled again: what was known of its tables is not true any more. */
  forget(): void {
    this.#opened = undefined
  }

  #open(): ReadingApi {
    const { options, around, store, env, observer, onFailed, told } = this.#options
    const { self, accountId, signedFor = [], access = 'off', onBrokenInvariant } = options
    return readingApi({
      env,
      store: { get: store.get.bind(store), entries: store.entries.bind(store), renew: () => undefined },
      region: self,
      accountId,
      regions: {
        all: () => around.watch.topology.regions.map(({ name }: Region) => name),
        endpointOf: (name) => around.watch.endpoints.get(name),
      },
      signedFor,
      standsInFor: (name) => told()?.standsInFor.includes(name) === true,
      access: around.access,
      mode: access,
      observer,
      onBrokenInvariant,
      onFailed,
    })
  }
}
