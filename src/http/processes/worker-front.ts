/**
 * The API in a worker: reads are answered here, from a snapshot that is as new as the request, and everything else by the process
 * that owns the writes.
 */
import { markRequestHeader } from '../../core/wire/cache-mark.ts'
import { afterHeader } from '../../core/wire/position-header.ts'
import type { Api } from '../api.ts'
import type { Arriving } from '../bytes/body-budget.ts'
import type { Forwarding, Send } from './forwarding.ts'
import type { ApiRequest } from '../pipeline.ts'

/** They need no more of an engine than reading (engine/reading-engine.ts). */
export const localOperations: readonly string[] = ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems']

const localTargets: ReadonlySet<unknown> = new Set(localOperations.map((name) => `DynamoDB_20120810.${name}`))

export type Reading = {
  /** Sees from now on whatever is durable. */
  readonly renew: () => void
  /** The owner of the writes answers reads too: it alone knows the faults that are set, and counts capacity and keys. */
  readonly forwardsAll: () => boolean
  /** Whether such a read may be answered from what this process knows; all may unless it says otherwise. */
  readonly mayAnswer?: (request: ApiRequest) => boolean
}

export class WorkerFront {
  readonly #api: Api
  readonly #forwarder: Forwarding
  readonly #reading: Reading

  constructor(api: Api, forwarder: Forwarding, reading: Reading) {
    this.#api = api
    this.#forwarder = forwarder
    this.#reading = reading
  }

  get closing(): boolean {
    return this.#api.closing
  }

  hold(bytes: number, wholeBytes: number): boolean {
    return this.#api.hold(bytes, wholeBytes)
  }

  throttle(send: Send): void {
    this.#api.throttle(send)
  }

  watch(arriving: Arriving): () => void {
    return this.#api.watch(arriving)
  }

  letGo(bytes: number): void {
    this.#api.letGo(bytes)
  }

  refuseUnread(send: Send): void {
    this.#api.refuseUnread(send)
  }

  answer(request: ApiRequest, held: number, send: Send): void {
    const { headers } = request
    const isLocal =
      localTargets.has(headers['x-amz-target']) &&
      headers[markRequestHeader] === undefined &&
      headers[afterHeader] === undefined &&
      this.#reading.mayAnswer?.(request) !== false
    // What is set of tables is known as of now.
    if (isLocal) this.#reading.renew()
    if (isLocal && !this.#reading.forwardsAll()) {
      this.#api.answer(request, held, send)
      return
    }
    this.#forwarder.forward(request, (requestId, reply) => {
      this.#api.letGo(held)
      send(requestId, reply)
    })
  }
}
