/** Puts together what a region has of tables with strong consistency; nothing where the environment has no quorum. */
import type { Timing } from '../../core/table/waits.ts'
import type { Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import { type EngineOptions, openEngine } from '../../engine/open-engine.ts'
import { QuorumOrder } from '../../engine/commands/quorum-order.ts'
import type { Env } from '../../ports/env.ts'
import type { KeySeal } from '../../ports/key-service.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'
import type { Store } from '../../ports/store.ts'
import type { StreamSettings } from '../../readers/sweepers/change-streams.ts'
import type { SweeperPace } from '../../readers/sweepers/tombstones.ts'
import { GroupKeys, membersOf } from './group-keys.ts'
import { GroupMember } from './group-member.ts'
import { StrongRegions } from './strong-regions.ts'

export type GroupPorts = {
  /** A store for each group; the caller closes them after the region. */
  readonly storeOf: (group: string) => Promise<Store>
  readonly seal: KeySeal
  /** Whether a write is refused that did not know of another region's write of its item; true where it is not said. */
  readonly guards?: boolean
}

export type StrongOptions = {
  readonly env: Env
  readonly main: Engine
  readonly topology: Topology
  readonly ports: GroupPorts
  readonly timing: () => Timing
  readonly sweeping: SweeperPace | undefined
  readonly streams: StreamSettings
  readonly engineOptions: Pick<EngineOptions, 'streamShards' | 'onBrokenInvariant' | 'onDamagedLog'>
  readonly peers: () => PeerArchives
}

export type Strong = { readonly regions: StrongRegions; readonly keys: GroupKeys }

export function strongOf(options: StrongOptions): Strong | undefined {
  const { env, main, peers } = options
  if (env.quorum === undefined) return undefined
  const keys = new GroupKeys({ engine: main, random: env.random, peers })
  const regions = new StrongRegions({
    env,
    main,
    keys,
    openReplica: (...given) => openReplica(options, ...given),
    openWitness: async (group) => void (await open(env, group)),
  })
  return { regions, keys }
}

async function open({ quorum }: Env, group: string) {
  if (quorum === undefined) throw new Error('there is no quorum')
  const { replicas, witness } = membersOf(group)
  return await quorum.open(group, witness === undefined ? replicas : [...replicas, witness])
}

async function openReplica(
  { env, main, topology, ports, timing, sweeping, streams, engineOptions }: StrongOptions,
  group: string,
  key: Buffer,
  onLeaving: ConstructorParameters<typeof GroupMember>[0]['onLeaving'],
): Promise<GroupMember> {
  const { seal, guards = true, storeOf } = ports
  const order = new QuorumOrder({
    open: () => open(env, group),
    self: topology.self,
    group,
    replicas: membersOf(group).replicas.length,
    key,
    seal,
    guards,
    clock: env.clock,
    random: env.random,
    log: env.log,
    onEnd: (why, message) => env.log.error('a group of regions has stopped here', { group, why, message }),
  })
  const own = { ...env, store: await storeOf(group) }
  const engine = await openEngine(own, { topology, ...engineOptions, order })
  return new GroupMember({
    env: own,
    engine,
    main,
    topology,
    get timing() {
      return timing()
    },
    sweeping,
    streams,
    onLeaving,
  })
}
