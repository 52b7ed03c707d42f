/** Puts the parts of an engine's state together; what they hold is loaded from the store afterwards. */
import { startName } from '../core/change/start-name.ts'
import { clockDriftMsMax, itemCollectionSizeBytesMax } from '../core/limits/limits.ts'
import type { Topology } from '../core/topology.ts'
import type { Order } from '../ports/order.ts'
import type { Env } from '../ports/env.ts'
import { StoreLost } from '../ports/store.ts'
import { Book } from './archive/book.ts'
import { Catalog } from './tables/catalog.ts'
import type { Command } from './commands/command.ts'
import { Counts } from './derived/counts.ts'
import { Cursors } from './log/cursors.ts'
import { DamagedRecord } from './store/damaged-record.ts'
import { Damage } from './store/damage.ts'
import { DecisionTime } from './order/decision-time.ts'
import { Groups, type GroupsOptions } from './commands/flush-group.ts'
import type { ReplicaState } from './order/replica-state.ts'
import { OrderBook } from './order/order-book.ts'
import { Head } from './log/head.ts'
import { Lineage } from './store/lineage.ts'
import { LogWriter } from './log/log-writer.ts'
import { allBackups, allCopies, backupKey, copyKey } from './store/keys.ts'
import { FormerRows } from './store/former-rows.ts'
import { SealedStore } from './store/sealed-store.ts'
import { Pace } from './pace.ts'
import { LocalOnlyRuns } from './tables/local-only-runs.ts'
import type { State } from './state.ts'
import { StreamBook } from './streams/stream-book.ts'

export type EngineOptions = {
  readonly topology: Topology
  readonly clockDriftMsMax?: number
  readonly itemCollectionSizeBytesMax?: number
  /** Shards of every change stream; by the capacity of their tables where not given. */
  readonly streamShards?: number | undefined
  /** Of the jobs of all engines of a region; the engine's own where not given. */
  readonly pace?: Pace | undefined
  /** Where commands get their places; the turns of this process unless it says otherwise. */
  readonly order?: Order<Command>
  /** Where nodes take turns in leading the region: resolves once it is known that no other one led at the moment of the call. */
  readonly latest?: (() => Promise<void>) | undefined
  /** The store is empty, and starts from the state of another replica that follows the same order. */
  readonly startsFrom?: ReplicaState | undefined
  /** Of the leading node, where the region has several: peers know by it which opening of the store came later. */
  readonly term?: number | undefined
  /** An entry of the log is damaged, and the next start refuses the store as damaged: the node is to stop. */
  readonly onDamagedLog?: ((error: Error) => void) | undefined
  /** The start takes longer, since the store is upgraded, and goes on. */
  readonly onProgress?: (() => void) | undefined
  /** The engine has caught itself wrong and takes no more writes: the node is to stop. */
  readonly onBrokenInvariant?: (error: Error) => void
  /** A record is damaged of what other regions decide on as well: this replica has to start from the state of another one. May be called again. */
  readonly onDamagedReplica?: () => void
}

/** What the engine does around a flush group. */
type Hooks = Pick<GroupsOptions, 'onSeal' | 'onDurable' | 'onFailed' | 'onStopped'> & { readonly epoch: string }

export function openState(env: Env, options: EngineOptions, { epoch, onStopped, ...hooks }: Hooks): State {
  const { clock, log } = env
  const store = new SealedStore(env.store, new FormerRows(env.store, clock))
  const time = new DecisionTime(options.order === undefined ? clock : undefined)
  const stopped = (error: Error): void => {
    if (!(error instanceof StoreLost)) log.error('stop taking writes', { error: error.stack ?? String(error) })
    onStopped(error)
    if (error instanceof DamagedRecord && options.onDamagedReplica !== undefined) options.onDamagedReplica()
    else options.onBrokenInvariant?.(error)
  }
  const groups = new Groups({ store, clock, time, ...hooks, onStopped: stopped })
  return assembleState(env, options, { store, groups, time, epoch })
}

type Opened = {
  readonly store: SealedStore
  readonly groups: Groups
  readonly time: DecisionTime
  readonly epoch: string
}

function assembleState(env: Env, options: EngineOptions, { store, groups, time, epoch }: Opened): State {
  const { clock, log, meter } = env
  const head = new Head()
  const { order, onDamagedLog, onDamagedReplica } = options
  const orderBook = new OrderBook(groups, time, order?.place?.bind(order))
  const localOnly = new LocalOnlyRuns()
  const lineage = new Lineage(groups, { epoch, start: startName(env.random.uuid(), options.term) })
  const region = options.topology.self.name
  const streams = new StreamBook({ groups, head, time, lineage, region, shards: options.streamShards })
  return {
    topology: options.topology,
    driftMsMax: options.clockDriftMsMax ?? clockDriftMsMax,
    itemCollectionSizeBytesMax: options.itemCollectionSizeBytesMax ?? itemCollectionSizeBytesMax,
    store,
    clock,
    pace: options.pace ?? new Pace(clock),
    time,
    log,
    meter,
    groups,
    head,
    orderBook,
    counts: new Counts(groups),
    localOnly,
    writer: new LogWriter({ groups, head, localOnly, time }),
    damage: new Damage({ store, groups, log, meter, onDamagedLog, onDamagedReplica }),
    catalog: new Catalog(store, region, (group, id, table) => streams.follow(group, id, table)),
    streams,
    backups: new Book(groups, { keyOf: backupKey, range: allBackups }),
    copies: new Book(groups, { keyOf: copyKey, range: allCopies }),
    cursors: new Cursors(groups),
    lineage,
  }
}
