/** The engine as the readers see it, with the simulator looking on at the steps that destroy something. */
import type { Position } from '../../src/core/change/change.ts'
import type { Stamp } from '../../src/core/hybrid-logical-clock/stamp.ts'
import { decodeRow, vectorOf } from '../../src/core/item/row.ts'
import type { TableId } from '../../src/core/table/table.ts'
import { setAsideMax } from '../../src/core/limits/limits.ts'
import type { RemoteBatch } from '../../src/engine/commands/command.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { doubtedTables } from '../../src/readers/replication/notes/doubts.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { covers, order, stampText } from './vectors.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'
import { keyName } from './log-watch.ts'

export function observed(engine: Engine, region: SimulatedRegion, world: World): Engine {
  /** Batches of each origin that are being applied. */
  const underWay = new Map<string, number>()
  const count = (origin: string, by: number): number => {
    const batches = (underWay.get(origin) ?? 0) + by
    underWay.set(origin, batches)
    return batches
  }
  const checkTrimmed = (upTo: Position): void =>
    world.check(() => {
      for (const peer of world.regions) if (peer !== region) checkTrim(world, { origin: region, peer, upTo })
    })
  return overriding(engine, {
    apply: async (batch: RemoteBatch, sequence: number) => {
      world.check(() => checkReadable(world, region, batch))
      const before = engine.cursor(batch.origin)
      const alone = count(batch.origin, 1) === 1
      const result = await engine.apply(batch, sequence).finally(() => count(batch.origin, -1))
      if (alone && result.applied !== 'hole' && before?.epoch === batch.epoch)
        world.check(() => checkSetAside(world, engine, batch, { after: before.position, upTo: result.cursor }))
      return result
    },
    removeTombstones: async (table: TableId, upTo: Stamp, rowsMax: number) => {
      const before = rowsOf(engine, table).filter(({ row }) => decodeRow(row).tombstone)
      const removed = await engine.removeTombstones(table, upTo, rowsMax)
      const left = new Set(rowsOf(engine, table).map(({ key }) => key.toString('latin1')))
      const gone = before.filter(({ key }) => !left.has(key.toString('latin1')))
      world.check(() => {
        for (const { key, row } of gone) checkRemoval(world, region, { table, key, stamp: decodeRow(row).stamp })
      })
      return removed
    },
    forgetRegisters: async (table: TableId, upTo: Stamp, departed?: readonly string[]) => {
      const before = engine.registers(table)
      const forgotten = await engine.forgetRegisters(table, upTo, departed)
      const left = new Set(engine.registers(table).map(({ key }) => key.toString('latin1')))
      const gone = before.filter(({ key }) => !left.has(key.toString('latin1')))
      world.check(() => {
        for (const { key, row } of gone) checkForgetting(world, region, { table, key, stamp: decodeRow(row).stamp })
      })
      return forgotten
    },
    followForgetting: async (table, forgotten) => {
      const before = engine.registers(table)
      const dropped = await engine.followForgetting(table, forgotten)
      const left = new Set(engine.registers(table).map(({ key }) => key.toString('latin1')))
      for (const { key } of before) if (!left.has(key.toString('latin1'))) region.watch.forgetKey(table, key)
      return dropped
    },
    emptyTable: (table, progress) => {
      region.watch.forgetRows(table)
      region.watch.emptying.add(table)
      return engine.emptyTable(table, progress).finally(() => {
        const left = rowsOf(engine, table).map(({ key }) => keyName(table, key))
        region.watch.catchUp()
        region.watch.forgetRows(table, new Set(left))
        region.watch.emptying.delete(table)
      })
    },
    lineage: overriding(engine.lineage, {
      renew: async (renewal) => {
        const before = engine.epoch
        await engine.lineage.renew(renewal)
        world.check(() => region.renewed(before, engine.epoch))
      },
    }),
    retention: overriding(engine.retention, {
      trim: (step) => {
        const upTo = engine.retention.bound()
        if (upTo >= engine.oldest()) checkTrimmed(upTo)
        return engine.retention.trim(step)
      },
    }),
    trimLog: (upTo: Position) => {
      checkTrimmed(upTo)
      return engine.trimLog(upTo)
    },
  })
}

/** The same with some methods in the place of its own. Copied once instead of looked up at each call; what is neither method nor getter never changes. */
export function overriding<T extends object>(target: T, methods: Partial<T>): T {
  const copy: Record<string, unknown> = {}
  for (let from: unknown = target; from !== Object.prototype; from = Object.getPrototypeOf(from))
    for (const name of Object.getOwnPropertyNames(from)) {
      if (Object.hasOwn(copy, name)) continue
      if (Object.getOwnPropertyDescriptor(from, name)?.get !== undefined) {
        Object.defineProperty(copy, name, { get: () => Reflect.get(target, name) as unknown, enumerable: true })
        continue
      }
      const value: unknown = Reflect.get(target, name)
      copy[name] = typeof value === 'function' ? value.bind(target) : value
    }
  return Object.assign(copy as T, methods)
}

/**
 * A tombstone may go when nobody can bring back what it stands for: every other replica has a row at least as late
 * (or has had it and removed it), and of what it wrote without knowing of it nothing is still to arrive here: something older
 * would come to life again, something later would never be known to have come after it. Once one has removed it rightly,
 * whoever was complete by then has had it: a replica with no memory of the key was made since, from one without it.
 */
function checkRemoval(
  world: World,
  region: SimulatedRegion,
  { table, key, stamp }: { table: TableId; key: Buffer; stamp: Stamp },
): void {
  const promise = 'tombstones never go early'
  for (const peer of world.completeReplicasOf(table)) {
    if (peer === region || isInDoubt(peer, table)) continue
    const history = peer.watch.historyOf(table, key)
    const last = history.at(-1)
    expectThat(
      last === undefined ? world.isForgotten(table, key, stamp) : order(last.row.stamp, stamp) >= 0,
      promise,
      () =>
        `${region.name} removed ${stampText(stamp)}, of which ${peer.name} knows nothing (it has ${stampText(last?.row.stamp)})`,
    )
    // What the peer itself has forgotten, as what it wrote and deleted before there were replicas, is not on its way.
    const kept = last === undefined ? [] : vectorOf(last.row)
    const unaware = history.find(
      ({ own, row }) =>
        own && covers(kept, row.stamp) && !covers(vectorOf(row), stamp) && !region.watch.knows(table, key, row.stamp),
    )
    expectThat(
      unaware === undefined,
      promise,
      () =>
        `${region.name} removed ${stampText(stamp)} while ${stampText(unaware?.row.stamp)} of ${peer.name} was still to come`,
    )
  }
  world.forget(table, key, stamp)
}

/** Its store was set back to before it knew of what it had confirmed: what it has of the table is dropped. */
function isInDoubt({ setBackEpoch, watch, engine }: SimulatedRegion, table: TableId): boolean {
  if (setBackEpoch === undefined) return false
  return watch.epoch === setBackEpoch || engine === undefined || doubtedTables(engine).includes(table)
}

/**
 * Its store was set back, and it has not come again to where it had been in the others' logs. What it had confirmed then counts until it is found
 * out, and what was forgotten a moment before that is gone in any case: what matters is that it does not come back (followForgetting).
 */
function isBehindItself(world: World, region: SimulatedRegion): boolean {
  const { setBackEpoch, watch, cursors } = region
  if (setBackEpoch === undefined) return false
  if (watch.epoch === setBackEpoch) return true
  return world.regions.some((origin) => {
    if (origin === region) return false
    const cursor = cursors.get(origin.name)
    return cursor?.epoch !== origin.watch.epoch || cursor.position < region.reachedIn(origin.watch.epoch)
  })
}

/**
 * A register of what is deleted may go when each other region knows of it, and nothing that one wrote without knowing of it is still to
 * arrive here. A region that knows nothing of the register begins with the state of others, or has it in their logs.
 */
function checkForgetting(
  world: World,
  region: SimulatedRegion,
  { table, key, stamp }: { table: TableId; key: Buffer; stamp: Stamp },
): void {
  const promise = 'registers of what is deleted never go early'
  for (const peer of world.regions) {
    const history = peer.watch.historyOf(table, key)
    const last = history.at(-1)
    if (peer === region || last === undefined || isBehindItself(world, peer)) continue
    const says = (of: Stamp | undefined): string =>
      `${region.name} forgot ${key.toString()} of ${table} at ${stampText(stamp)}, ${peer.name} has ${stampText(of)}`
    expectThat(order(last.row.stamp, stamp) >= 0, promise, () => says(last.row.stamp))
    // What the peer has forgotten since, before the index was made again, is not on its way.
    const kept = vectorOf(last.row)
    const unaware = history.find(
      ({ own, row }) =>
        own && covers(kept, row.stamp) && !covers(vectorOf(row), stamp) && !region.watch.knows(table, key, row.stamp),
    )
    expectThat(unaware === undefined, promise, () => says(unaware?.row.stamp))
  }
}

/** What left while the link made another version of it cannot be read; it can only come once that has ended. */
function checkReadable(world: World, region: SimulatedRegion, { origin, epoch, upTo }: RemoteBatch): void {
  const since = world.unreadable.get(`${origin}>${region.name}`)
  expectThat(
    since === undefined || since.epoch !== epoch || upTo <= since.flushed,
    'nothing of another version is applied',
    () => `${region.name} applies ${origin} up to ${upTo}, which could be read up to ${since?.flushed}`,
  )
}

/** Whatever was poisoned and passed over must be found again, with the region that it came from. */
function checkSetAside(
  world: World,
  engine: Engine,
  batch: RemoteBatch,
  { after, upTo }: { readonly after: Position; readonly upTo: Position },
): void {
  for (const change of batch.changes) {
    if (change.position <= after || change.position > upTo || !world.poison.isPoison(change)) continue
    const status = engine.tableWithId(change.table)?.status
    if (change.kind === 'item' && (status === undefined || status === 'DELETING')) continue
    const kept = engine
      .setAside(0, setAsideMax)
      .some(({ origin, table, key }) => origin === batch.origin && table === change.table && key.equals(change.key))
    expectThat(
      kept,
      'a poisoned change is set aside',
      () => `${engine.region.name} has lost the one at ${change.position} of ${batch.origin}`,
    )
  }
}

function checkTrim(
  world: World,
  { origin, peer, upTo }: { origin: SimulatedRegion; peer: SimulatedRegion; upTo: Position },
): void {
  if (!world.concerns(origin, peer) || upTo <= origin.watch.position - world.logPositionsMax) return
  // A region that the origin has not learned of yet begins with the origin's state.
  if (!origin.knownRegions.includes(peer.name)) return
  const position = peer.reachedIn(origin.watch.epoch)
  expectThat(
    position >= upTo,
    'the log is kept until every replica has confirmed',
    () => `${origin.name} trimmed up to ${upTo}, ${peer.name} stands at ${position}`,
  )
}
