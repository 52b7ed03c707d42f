/** Puts together what a region has of tables with strong consistency; nothing where the environment has no quorum. */
import type { ArchiveQuestion, ArchiveReply } from '../../core/archive/archive-question.ts'
import type { Timing } from '../../core/table/waits.ts'
import type { Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import { type EngineOptions, openEngine } from '../../engine/open-engine.ts'
import { QuorumOrder } from '../../engine/order/quorum-order.ts'
import type { Env } from '../../ports/env.ts'
import type { KeySeal } from '../../ports/key-service.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'
import type { Store } from '../../ports/store.ts'
import type { ArchiveSettings } from '../../readers/archive/archiver.ts'
import type { StreamingDestinations } from '../../readers/triggers/streaming-destinations.ts'
import type { StreamSettings } from '../../readers/sweepers/change-streams.ts'
import type { SweeperPace } from '../../readers/sweepers/tombstones.ts'
import { GroupKeys, membersOf } from './group-keys.ts'
import { GroupMember } from './group-member.ts'
import { lentState, stateAt } from './group-state.ts'
import { type ReplicaOpening, StrongRegions } from './strong-regions.ts'

export type GroupPorts = {
  /**
   * A store for each group; the caller closes them after the region. A replica that starts from the state of another one gets the next store,
   * by a number of its own, and `isNew` empties what a start that was broken off has left there.
   */
  readonly storeOf: (group: string, number: number, isNew: boolean) => Promise<Store>
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
  readonly archive: ArchiveSettings | undefined
  /** Feeds the Kinesis destinations of tables that the engine has. */
  readonly streaming: (engine: Engine) => StreamingDestinations
  readonly engineOptions: Pick<EngineOptions, 'streamShards' | 'onBrokenInvariant' | 'onDamagedLog'>
  readonly peers: () => PeerArchives
}

export type Strong = {
  readonly regions: StrongRegions
  /** What another region is told of a group. */
  readonly lend: (question: OfGroup, asker: string) => Promise<ArchiveReply<OfGroup>>
}

type OfGroup = Extract<ArchiveQuestion, { ask: 'group key' | 'group state' }>

export function strongOf(options: StrongOptions): Strong | undefined {
  const { env, main, peers } = options
  if (env.quorum === undefined) return undefined
  const keys = new GroupKeys({ engine: main, random: env.random, peers })
  const regions = new StrongRegions({
    env,
    main,
    keys,
    openReplica: (opening) => openReplica(options, opening),
    stateAt: (region, group) => stateAt(peers(), region, group),
    openWitness: async (group) => await open(env, group),
  })
  const lend: Strong['lend'] = async (question, asker) => {
    if (question.ask === 'group key') return await keys.lend(question.group, asker)
    const engine = regions.engines.get(question.group)
    return engine === undefined || !membersOf(question.group).replicas.includes(asker)
      ? {}
      : lentState(engine, question)
  }
  return { regions, lend }
}

async function open({ quorum }: Env, group: string) {
  if (quorum === undefined) throw new Error('there is no quorum')
  const { replicas, witness } = membersOf(group)
  return await quorum.open(group, witness === undefined ? replicas : [...replicas, witness])
}

async function openReplica(
  { env, main, topology, ports, timing, sweeping, streams, archive, streaming, engineOptions }: StrongOptions,
  { group, key, number, startsFrom, onLeaving, onEnd }: ReplicaOpening,
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
    onEnd,
  })
  const own = { ...env, store: await storeOf(group, number, startsFrom !== undefined) }
  const onDamagedReplica = (): void => onEnd('damaged')
  const engine = await openEngine(own, {
    topology,
    ...engineOptions,
    pace: main.pace,
    order,
    startsFrom,
    onDamagedReplica,
  }).catch(async (error: unknown) => {
    order.close()
    await own.store.close()
    throw error
  })
  return new GroupMember({
    group,
    env: own,
    engine,
    order,
    main,
    topology,
    get timing() {
      return timing()
    },
    sweeping,
    streams,
    archive,
    streaming: streaming(engine),
    onLeaving,
  })
}
