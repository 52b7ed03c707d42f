/**
 * A worker: a process of a region that answers reads from the region's store, which another process writes. It is given its
 * connections by that process, and gives back those on which anything unusual comes; whatever is no read it forwards.
 *
 * It is no region (reading-api.ts). What it runs is a list of services all the same, started in order and stopped in the reverse order.
 */
import { Socket } from 'node:net'
import { systemClock } from '../../adapters/system/clocks.ts'
import { DecryptingReader } from '../../adapters/encryption/encrypted-store.ts'
import { openLmdbReader } from '../../adapters/lmdb/lmdb-reader.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { restWhenIdle } from '../../adapters/system/idle-heap.ts'
import { watchTurns } from '../../adapters/system/turn-watch.ts'
import { endpointIn } from '../../core/auth/signed-region.ts'
import { FollowedCertificate } from '../../deployment/secrets/certificates/served-certificate.ts'
import { watchAccess } from '../../deployment/secrets/identities/watched-access.ts'
import type { ReadingStore } from '../../engine/reading-engine.ts'
import { DamagedRecord } from '../../engine/store/damaged-record.ts'
import { Visitors } from '../../http/access/visitors.ts'
import { Api } from '../../http/api.ts'
import { Forwarder } from '../../http/processes/forwarding.ts'
import { WorkerFront } from '../../http/processes/worker-front.ts'
import { requestIds } from '../../http/request-id.ts'
import type { Log } from '../../ports/log.ts'
import type { RequestObserver } from '../../ports/request-observer.ts'
import { exitCode, messageOf } from '../../process/failure.ts'
import { Lifecycle } from '../../region/lifecycle.ts'
import { observing } from '../observing/observing.ts'
import { type ReadingApi, readingApi, type ReadingOptions } from '../reading-api.ts'
import { ReaderKeys } from '../store/data-keys.ts'
import { forwardingDescriptor, type FromWorker, type RegionsTold, type ToWorker, type WorkerStart } from './messages.ts'
import { ReadingConnections } from './reading-connections.ts'
import { relaying, relayMeter } from './relay-meter.ts'

export function runWorker(log: Log): void {
  const worker = new Worker(log)
  process.on('message', (message: ToWorker, socket?: Socket) => worker.hear(message, socket))
  process.on('SIGTERM', () => void worker.stop())
  // Without the owner of the writes nothing can be promised. It may be gone before we listen.
  process.once('disconnect', () => process.exit(0))
  if (!process.connected) process.exit(0)
}

type WorkerEnv = ReadingOptions['env']

class Worker {
  readonly #log: Log
  readonly #life = new Lifecycle()
  /** As the owner of the writes told last. */
  #known: RegionsTold = { names: [], endpoints: {}, standsInFor: [] }
  #faultsAreSet = false
  #keys: ReaderKeys | undefined
  #connections: ReadingConnections | undefined
  #isStopping = false

  constructor(log: Log) {
    this.#log = log
  }

  hear(message: ToWorker, socket: Socket | undefined): void {
    if (message.type === 'regions') this.#known = message
    else if (message.type === 'faults') this.#faultsAreSet = message.any
    else if (message.type === 'keys') {
      this.#keys?.know(message.dataKeys)
      void tell({ type: 'keys' })
    } else if (message.type === 'start') void this.#start(message)
    else if (message.type === 'stop') void this.stop()
    else if (socket !== undefined) this.#connections?.accept(socket)
  }

  /** Everything that was begun is answered, by this process or by the owner. */
  async stop(): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    void tell({ type: 'leaving' })
    await this.#life.stop()
    process.exit(0)
  }

  async #start(given: WorkerStart): Promise<void> {
    const meter = relayMeter()
    const env = { clock: systemClock, random: systemRandom, meter, log: this.#log }
    // Reads make no commits: there is no place in a log to name.
    const told = observing(given.observing, { ...env, region: given.region.name, epoch: () => '' })
    const turns = watchTurns({ meter, log: this.#log })
    const connections = this.#connectionsOf(given, env, told.observer)
    this.#life.add(() => told.exporter?.stop())
    this.#life.add(() => turns.stop())
    const idle = restWhenIdle({ ran: (what, ms) => turns.ran(what, ms) })
    this.#life.add(() => idle.stop())
    await this.#life.start(relaying(meter, async (measured) => await tell({ type: 'measured', ...measured })))
    await this.#life.start(connections)
    this.#connections = connections
    void tell({ type: 'ready' })
  }

  #connectionsOf(given: WorkerStart, env: WorkerEnv, observer: RequestObserver | undefined): ReadingConnections {
    const { countsCapacity, host, tls, visitors } = given
    const reading = this.#reading(given, env, observer)
    const api = new Api({
      env,
      requestIds: requestIds(systemRandom),
      visitors: new Visitors(visitors),
      arrival: { address: host },
      answer: reading.pipeline,
    })
    const forwarder = new Forwarder(new Socket({ fd: forwardingDescriptor, readable: true, writable: true }))
    const front = new WorkerFront(api, forwarder, {
      renew: () => reading.renew(),
      forwardsAll: () => this.#faultsAreSet || countsCapacity || reading.needsOwner(),
    })
    return new ReadingConnections({
      api,
      front,
      tls: tls && { ...tls, shown: new FollowedCertificate(tls.files, this.#log) },
      handBack: (socket, received, taken) =>
        void tell({ type: 'connection', received: received.toString('base64') }, socket).then(taken),
    })
  }

  #reading(given: WorkerStart, env: WorkerEnv, observer: RequestObserver | undefined): ReadingApi {
    const { region, accountId, credentials, identities, access, signedFor } = given
    return readingApi({
      env,
      store: this.#storeOf(given),
      region,
      accountId,
      regions: { all: () => this.#known.names, endpointOf: (name) => endpointIn(this.#known.endpoints, name) },
      signedFor,
      standsInFor: (name) => this.#known.standsInFor.includes(name),
      access: watchAccess({ credentials, identities, accountId }, this.#log),
      mode: access,
      observer,
      onBrokenInvariant: () => process.exit(exitCode.brokenInvariant),
      onFailed: (error) => void tell({ type: 'failed', error: messageOf(error), ...recordIn(error) }),
    })
  }

  #storeOf({ folder, dataKeys }: WorkerStart): ReadingStore {
    const store = openLmdbReader(folder)
    if (dataKeys === undefined) return store
    this.#keys = new ReaderKeys(dataKeys)
    const decrypting = new DecryptingReader(store, this.#keys.cipher)
    return {
      get: (key) => decrypting.get(key),
      entries: (range) => decrypting.entries(range),
      renew: () => store.renew(),
    }
  }
}

function recordIn(error: unknown): { readonly record?: string } {
  return error instanceof DamagedRecord ? { record: error.key.toString('base64') } : {}
}

/** Resolves once the message has left this process, or cannot. */
function tell(message: FromWorker, socket?: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, socket, {}, () => resolve())
    else resolve()
  })
}
