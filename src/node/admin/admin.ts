/** What the node tells its operator as JSON below /admin/: the same figures as the metrics, read by `longitude status`. */
import { peersOf } from '../../core/topology.ts'
import type { Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import type { Expiry } from '../../readers/expiry/expiry.ts'
import type { Invalidator } from '../../readers/invalidator/invalidator.ts'
import type { Replication } from '../../readers/replication/renewing.ts'
import type { Triggers } from '../../readers/triggers/triggers.ts'
import { faultRoutes } from '../faults/fault-routes.ts'
import type { Faults } from '../../operations/faults/faults.ts'
import type { Evacuation } from '../../region/evacuation.ts'
import { evacuationRoutes, evacuationStatus } from './evacuation-routes.ts'
import { conflictRoutes } from './conflict-feed.ts'
import { overruledRoutes, overruledStatus } from './overruled-settings.ts'
import type { DamageNotice } from '../store/own-engine.ts'
import type { OperationContext } from '../../operations/operation.ts'
import { pauseRoutes } from './pause-routes.ts'
import { expiryRoutes } from './expiry-routes.ts'
import { itemRoutes } from './item-routes.ts'
import { replicaRoutes } from './replica-routes.ts'
import { setAsideRoutes, setAsideStatus } from './set-aside.ts'
import { triggerRoutes } from './trigger-routes.ts'
import { writerRoutes } from './writer-routes.ts'
import { verifyRoutes } from './verify-routes.ts'

export type AdminParts = {
  readonly engine: Engine
  readonly replication: Replication
  readonly topology: Topology
  readonly context: OperationContext
  readonly invalidator: Invalidator
  readonly expiry: Expiry
  readonly triggers: Pick<Triggers, 'all'>
  readonly faults: Faults
  readonly evacuation: Evacuation
  /** What was damaged of the store, as long as anybody should know. */
  readonly damage: () => DamageNotice | undefined
}

export function adminRoutes(parts: AdminParts): readonly AdminRoute[] {
  const { engine, replication, topology, context, invalidator, expiry, triggers, faults, evacuation, damage } = parts
  return [
    {
      method: 'GET',
      path: '/admin/status',
      // `tables` names the table of which each peer's figures are told; without it they are told of all, and with an empty name of none.
      answer: async ({ query: { tables: wanted } }) => {
        const status = await replication.statusInTurns()
        return {
          ...status,
          peers: status.peers.map((peer) => ({ ...peer, tables: tablesWanted(peer.tables, wanted) })),
          number: topology.self.number,
          knows: peersOf(topology).map(({ name }) => name),
          oldest: engine.oldest(),
          setAside: setAsideStatus(engine),
          overruled: overruledStatus(engine, topology),
          ...troubleOf(engine),
          evacuation: evacuationStatus(evacuation, engine),
          ...damageOf(damage()),
          tables: engine.tables().length,
          caches: invalidator.caches(),
          groups: context.strong?.status() ?? [],
        }
      },
    },
    ...setAsideRoutes(engine),
    ...overruledRoutes(engine, topology),
    ...conflictRoutes(engine, topology),
    ...verifyRoutes(replication, engine),
    ...itemRoutes(engine, topology),
    ...replicaRoutes(context),
    ...writerRoutes(context),
    ...expiryRoutes(expiry, engine),
    ...triggerRoutes(triggers),
    ...evacuationRoutes(evacuation, engine),
    ...faultRoutes(faults, context.env.log),
    ...pauseRoutes(replication.pauses, engine, topology),
  ]
}

function tablesWanted<Each extends { readonly table: string }>(
  tables: readonly Each[],
  wanted: string | undefined,
): readonly Each[] {
  return wanted === undefined ? tables : tables.filter(({ table }) => table === wanted)
}

function damageOf(damage: DamageNotice | undefined) {
  return damage === undefined ? {} : { damage }
}

function troubleOf(engine: Engine) {
  const trouble = engine.trouble()
  return trouble === undefined ? {} : { trouble }
}
