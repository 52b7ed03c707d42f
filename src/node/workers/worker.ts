/**
 * A worker: a process of a region that answers reads from the region's store, which another process writes. It is given its
 * connections by that process, and gives back those on which anything unusual comes; whatever is no read it forwards.
 */
import { Socket } from 'node:net'
import { systemClock } from '../../adapters/system/clocks.ts'
import { DecryptingReader } from '../../adapters/encryption/encrypted-store.ts'
import { openLmdbReader } from '../../adapters/lmdb/lmdb-reader.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { watchTurns } from '../../adapters/system/turn-watch.ts'
import { endpointIn, type SignedRegions } from '../../core/auth/signed-region.ts'
import { DamagedRecord } from '../../engine/store/damaged-record.ts'
import { ReadingEngine, type ReadingStore } from '../../engine/reading-engine.ts'
import { Api } from '../../http/api.ts'
import { Connections } from '../../http/connection.ts'
import { drain } from '../../http/draining.ts'
import { Forwarder } from '../../http/processes/forwarding.ts'
import { requestIds } from '../../http/request-id.ts'
import { Visitors } from '../../http/access/visitors.ts'
import { Handshakes } from '../../http/secure.ts'
import { connectBack, Tunnels } from '../../http/processes/way-back.ts'
import { UnreadReplies } from '../../http/bytes/unread-replies.ts'
import { WorkerFront } from '../../http/processes/worker-front.ts'
import { Insights } from '../../operations/insights/insights.ts'
import type { Log } from '../../ports/log.ts'
import { watchAccess } from '../../deployment/secrets/identities/watched-access.ts'
import { FollowedCertificate } from '../../deployment/secrets/certificates/served-certificate.ts'
import { exitCode, messageOf } from '../../process/failure.ts'
import {
  forwardingDescriptor,
  type FromWorker,
  type Measured,
  type RegionsTold,
  type ToWorker,
  type WorkerStart,
} from './messages.ts'
import { observing } from '../observing/observing.ts'
import { readingContext, readingPipeline } from '../reading-api.ts'
import { type DataSecrets, ReaderKeys } from '../store/data-keys.ts'
import { relayMeter } from './relay-meter.ts'

const relayMs = 1000

export function runWorker(log: Log): void {
  let accept: ((socket: Socket) => void) | undefined
  process.on('message', (message: ToWorker, socket?: Socket) => {
    if (message.type === 'regions') known = message
    else if (message.type === 'faults') faultsAreSet = message.any
    else if (message.type === 'keys') {
      readerKeys?.know(message.dataKeys)
      tell({ type: 'keys' })
    } else if (message.type === 'start') accept = start(message, log)
    else if (message.type === 'stop') void stop()
    else if (socket !== undefined) accept?.(socket)
  })
  process.on('SIGTERM', () => void stop())
  // Without the owner of the writes nothing can be promised. It may be gone before we listen.
  process.once('disconnect', () => process.exit(0))
  if (!process.connected) process.exit(0)
}

/** As the owner of the writes told last. */
let known: RegionsTold = { names: [], endpoints: {}, standsInFor: [] }
let faultsAreSet = false
let readerKeys: ReaderKeys | undefined
let end: (() => Promise<void>) | undefined
/** Sends what is still to be told of requests. */
let farewell: (() => Promise<void>) | undefined
let stopping = false

function recordIn(error: unknown): { readonly record?: string } {
  return error instanceof DamagedRecord ? { record: error.key.toString('base64') } : {}
}

function start(given: WorkerStart, log: Log): (socket: Socket) => void {
  const { folder, region, accountId, credentials, identities, access, signedFor, visitors, host, dataKeys, tls } = given
  const meter = relayMeter()
  const reading = new ReadingEngine(readerOf(folder, dataKeys), region)
  const env = { clock: systemClock, random: systemRandom, meter, log }
  watchTurns({ meter, log })
  const context = readingContext(reading, { env, accountId, region: region.name, regions: () => known.names })
  // Reads make no commits: there is no place in a log to name.
  const told = observing(given.observing, { ...env, region: region.name, epoch: () => '' })
  farewell = async () => await told.exporter?.stop()
  const api = new Api({
    env,
    requestIds: requestIds(systemRandom),
    visitors: new Visitors(visitors),
    arrival: { address: host },
    answer: readingPipeline({
      context,
      access: watchAccess({ credentials, identities, accountId }, log),
      mode: access,
      regions: signedRegions(region.name, signedFor),
      observer: told.observer,
      onBrokenInvariant: () => process.exit(exitCode.brokenInvariant),
      onFailed: (error) => tell({ type: 'failed', error: messageOf(error), ...recordIn(error) }),
    }),
  })
  const forwarder = new Forwarder(new Socket({ fd: forwardingDescriptor, readable: true, writable: true }))
  const insights = new Insights(context)
  const front = new WorkerFront(api, forwarder, {
    renew: () => reading.renew(),
    forwardsAll: () => faultsAreSet || given.countsCapacity || insights.any || reading.hasGroups,
  })
  setInterval(() => tellMeasured(meter.take()), relayMs).unref()
  const accept = serving(api, front, securingBy(tls, log))
  tell({ type: 'ready' })
  return accept
}

/** Returns what takes a connection. */
function serving(api: Api, front: WorkerFront, securing: ReturnType<typeof securingBy>): (socket: Socket) => void {
  const connections = new Connections({
    api: front,
    monotonicMs: () => systemClock.monotonicMs(),
    unread: new UnreadReplies(),
    handOver: (socket, received, taken) => {
      if (securing !== undefined) securing.tunnels.begin(securing.connect, socket, received, taken)
      else tell({ type: 'connection', received: received.toString('base64') }, socket, taken)
    },
  })
  end = async () => {
    api.close()
    await drain({
      servers: [],
      clock: systemClock,
      begin: () => {
        securing?.handshakes.close()
        connections.close()
      },
      refuse: () => {
        api.refuse()
        connections.refuseUnread()
      },
      giveUp: () => {},
      destroy: () => {
        connections.closeAll()
        securing?.tunnels.destroyAll()
      },
      gone: async () => {
        await connections.gone()
        await securing?.tunnels.gone()
      },
    })
  }
  const accept = (socket: Socket): void => {
    connections.accept(socket)
    socket.resume()
  }
  return securing === undefined ? accept : (socket) => securing.handshakes.begin(socket, accept)
}

function securingBy(tls: WorkerStart['tls'], log: Log) {
  if (tls === undefined) return undefined
  const shown = new FollowedCertificate(tls.files, log)
  const handshakes = new Handshakes(shown, Buffer.from(tls.ticketKeys, 'base64'))
  return { handshakes, tunnels: new Tunnels(), connect: connectBack(tls.wayBack) }
}

function readerOf(folder: string, dataKeys: DataSecrets | undefined): ReadingStore {
  const store = openLmdbReader(folder)
  if (dataKeys === undefined) return store
  readerKeys = new ReaderKeys(dataKeys)
  const decrypting = new DecryptingReader(store, readerKeys.cipher)
  return {
    get: (key) => decrypting.get(key),
    entries: (range) => decrypting.entries(range),
    renew: () => store.renew(),
  }
}

function tellMeasured(measured: Measured | undefined): void {
  if (measured !== undefined) tell({ type: 'measured', ...measured })
}

function signedRegions(own: string, signedFor: readonly string[]): SignedRegions {
  const endpointOf = (name: string): string | undefined => endpointIn(known.endpoints, name)
  const alsoFor = { has: (name: string) => signedFor.includes(name) || known.standsInFor.includes(name) }
  return { own, all: () => known.names, endpointOf, alsoFor }
}

/** Everything that was begun is answered, by this process or by the owner. */
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  tell({ type: 'leaving' })
  await end?.()
  await farewell?.()
  process.exit(0)
}

/** `written` is called once the message has left this process, or cannot. */
function tell(message: FromWorker, socket?: Socket, written?: () => void): void {
  if (process.connected) process.send?.(message, socket, {}, () => written?.())
  else written?.()
}
