/** Starts what a replica's region runs for a group of strongly consistent tables: an engine behind the order that the group shares. */
import { AesKeySeal } from '../../../src/adapters/encryption/key-seal.ts'
import type { Topology } from '../../../src/core/topology.ts'
import type { Command } from '../../../src/engine/commands/command.ts'
import { type OrderEnd, QuorumOrder } from '../../../src/engine/order/quorum-order.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { ReplicaState } from '../../../src/engine/order/replica-state.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import type { Env } from '../../../src/ports/env.ts'
import type { Order } from '../../../src/ports/order.ts'
import type { Quorum } from '../../../src/ports/quorum.ts'
import { group } from './requests.ts'

/** What runs instead of the real thing: how tests put known bugs in. */
export type StrongVariant = {
  readonly member?: (member: Member) => Member
  readonly order?: (order: Order<Command>, name: string) => Order<Command>
}

export type MemberOptions = {
  readonly env: Env
  readonly quorum: Quorum
  readonly topology: Topology
  /** Names of all members, and how many of them have the table. */
  readonly members: readonly string[]
  readonly replicas: number
  /** Whether writes that did not know of another region's are refused. */
  readonly guards: boolean
  readonly variant?: StrongVariant
  /** Of a replica that begins with an empty disk. */
  readonly startsFrom?: ReplicaState | undefined
  /** It has to start from the state of another one. */
  readonly onEnd: (why: OrderEnd, message: string) => void
  readonly onBrokenInvariant?: (error: Error) => void
}

/** A running process of a replica's region. */
export type Member = {
  readonly engine: Engine
  /** Resolves once all that was written before is readable here. */
  readonly barrier: () => Promise<void>
  /** It takes no more part in its order, before the engine is closed. */
  readonly close?: () => void | Promise<void>
}

/** The group's, which a witness does not know. */
const key = Buffer.alloc(32, 7)

export async function startMember(options: MemberOptions): Promise<Member> {
  const { env, quorum, topology, members, replicas, guards, variant, startsFrom, onEnd, onBrokenInvariant } = options
  const { self } = topology
  const order = new QuorumOrder({
    open: async () => await quorum.open(group, members),
    self,
    group,
    replicas,
    key,
    seal: new AesKeySeal(env.random),
    guards,
    clock: env.clock,
    random: env.random,
    log: env.log,
    onEnd: (why, message) => onEnd(why, `${self.name}: ${why}: ${message}`),
  })
  const ordered = variant?.order?.(order, self.name) ?? order
  const invariants = onBrokenInvariant === undefined ? {} : { onBrokenInvariant }
  const engine = await openEngine(env, { topology, order: ordered, startsFrom, ...invariants })
  const member = { engine, barrier: () => engine.barrier(), close: () => order.close() }
  return variant?.member?.(member) ?? member
}
