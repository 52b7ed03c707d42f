/** What a node has around its store: from its start to its end, and as long as it runs its region. */
import { type NatsBus, startNatsBus } from '../adapters/nats/nats-bus.ts'
import { type PrometheusMeter, prometheusMeter } from '../adapters/metrics/prometheus-meter.ts'
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { FolderKeys } from '../deployment/secrets/keys/message-keys.ts'
import { type WatchedAccess, watchAccess } from '../deployment/secrets/identities/watched-access.ts'
import type { Clock } from '../ports/clock.ts'
import type { Env } from '../ports/env.ts'
import type { Lifecycle } from '../region/lifecycle.ts'
import { bucketsOf } from './buckets/mapped-buckets.ts'
import { openKeys } from './key-services.ts'
import { measuring } from './measuring.ts'
import type { NodeOptions } from './node-options.ts'
import { clockOf } from './region-settings.ts'
import { encryptedBus } from './store/encryption.ts'
import { type TopologyWatch, watchTopology } from './topology-watch.ts'

export type Around = {
  readonly watch: TopologyWatch
  readonly access: WatchedAccess
  readonly keys: Awaited<ReturnType<typeof openKeys>>
  readonly clock: Clock
  readonly prometheus: PrometheusMeter
}

/** From the start of the node to its end. */
export async function openAround(options: NodeOptions, life: Lifecycle): Promise<Around> {
  const { self, log, peers, peerEndpoints = {}, readRegions } = options
  const watch = watchTopology({ self, fixed: peers, fixedEndpoints: peerEndpoints, read: readRegions, log })
  const access = watchAccess(options, log)
  life.add(() => access.stop())
  const keys = await openKeys(options, life)
  return { watch, access, keys, clock: clockOf(options), prometheus: prometheusMeter({ region: self.name }) }
}

export type Environment = ReturnType<typeof environmentOf>

/** As long as the node runs its region: `env` lacks the store alone. */
export function environmentOf(options: NodeOptions, { keys, watch, clock, prometheus }: Around, life: Lifecycle) {
  const { self, log } = options
  const { encryption } = keys
  const { metrics, meter } = measuring(options, { clock, encryption, prometheus })
  const natsBus = natsBusOf(options, watch)
  life.add(() => natsBus.close())
  const messageKeys = messageKeysOf(options)
  const bus = encryptedBus(natsBus, { self: self.name, keys: messageKeys, encrypts: encryption !== undefined })
  const { buckets, blobs: plainBlobs } = bucketsOf(options, life)
  const blobs = encryption?.blobs(plainBlobs) ?? plainBlobs
  const env: Omit<Env, 'store'> = { clock, random: systemRandom, bus, blobs, log, meter }
  return { env, metrics, natsBus, messageKeys, buckets }
}

function natsBusOf({ self, natsAccess, nats, log }: NodeOptions, { addresses }: TopologyWatch): NatsBus {
  const peers = Object.fromEntries([...addresses].map(([name, url]) => [name, natsAccess.peer(url)]))
  return startNatsBus({ region: self.name, own: natsAccess.own(nats), peers, log })
}

/** Throws a Failure where the region's own key cannot be read. */
function messageKeysOf({ messageKeysFolder: folder, self, log }: NodeOptions): FolderKeys | undefined {
  if (folder !== undefined) return new FolderKeys({ folder, self: self.name, clock: systemClock, log })
  log.warn('messages between regions are not signed: any program that reaches a NATS server can speak for its region', {
    advice: 'start the node with --message-keys, as `longitude up` does',
  })
  return undefined
}
