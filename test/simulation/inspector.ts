/**
 * Asks every region again and again where replication stands, and compares what it says with what is so: a region that
 * calls a peer up to date, or safe to leave to, or past a watermark, is believed by people who then switch it off.
 */
import type { TableId } from '../../src/core/table/table.ts'
import { narrowBytesPerSecond } from '../../src/core/limits/limits.ts'
import type { PeerStatus } from '../../src/readers/replication/status/status.ts'
import { type Entry, isItem } from './log-watch.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { order, stampText } from './vectors.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

const everyMs = 400
/** A peer's last word counts for a few seconds, and for some more over a line that is taken for narrow. */
const noticeMsUsual = 6000
const noticeMsNarrow = 12_500
/** So many positions before a place without a change of any table's registers: both ends see the same tables. */
const settledChanges = 200

export class Inspector {
  readonly #world: World
  /** Of each pair: how much of the origin's log has been found under the watermark. */
  readonly #verified = new Map<string, { readonly epoch: string; count: number }>()
  /** Lines that a region has taken for narrow: it says so no more once the line is cut. */
  readonly #narrow = new Set<string>()
  #stopped = false

  constructor(world: World) {
    this.#world = world
  }

  start(): void {
    if (this.#stopped) return
    this.#world.check(() => this.#inspect())
    this.#world.sightings.look()
    this.#world.scheduler.after(everyMs, () => this.start())
  }

  stop(): void {
    this.#stopped = true
  }

  #inspect(): void {
    for (const region of this.#world.regions) {
      const status = region.replication?.status()
      if (status === undefined) continue
      for (const peer of status.peers) {
        const other = this.#world.regionNamed(peer.peer)
        if (other === undefined) continue
        this.#noteLine(region, peer)
        this.#checkPending(region, other, peer)
        for (const table of this.#world.complete.keys()) this.#checkWatermark(other, region, { table, peer })
        this.#checkRefused(region, peer)
        this.#checkMissing(region, other, peer)
      }
    }
  }

  #noteLine({ name }: SimulatedRegion, { peer, line }: PeerStatus): void {
    if ((line?.bytesPerSecond ?? Infinity) < narrowBytesPerSecond) this.#narrow.add(`${peer}>${name}`)
  }

  /** Within this time a region notices that a peer says nothing more of itself. */
  #noticeMs(here: { readonly name: string }, peer: string): number {
    return this.#narrow.has(`${peer}>${here.name}`) ? noticeMsNarrow : noticeMsUsual
  }

  /** Never less than what is missing; and "safe" only when nothing is. */
  #checkPending(
    origin: SimulatedRegion,
    peer: SimulatedRegion,
    { pending, safeToEvacuate, outbound }: PeerStatus,
  ): void {
    if (safeToEvacuate && outbound !== 'cut') this.#checkSafe(origin, peer)
    const noticeMs = this.#noticeMs(origin, peer.name)
    const setBack = [origin, peer].some((region) => this.#isSettingBack(region, { outbound, noticeMs }))
    const cursor = peer.cursors.get(origin.name)
    if (setBack || cursor === undefined || cursor.epoch !== origin.watch.epoch) return
    const missing = origin.watch.entries.slice(cursor.position).filter((entry) => this.#concerns(entry, origin, peer))
    // A replica of which the origin has not heard yet is not counted, but "safe" must not be said meanwhile either.
    const known = missing.filter(({ change }) => {
      const replicas = origin.engine?.tableWithId(change.table)?.replicas ?? []
      // What was trimmed beyond the cap is forgotten by a restart.
      return change.position >= (origin.engine?.oldest() ?? 0) && replicas.some(({ region }) => region === peer.name)
    })
    expectThat(
      pending >= known.length,
      'pending is never less than what is missing',
      () =>
        `${origin.name} says ${pending} for ${peer.name}, which lacks ${known.length} from ${known[0]?.change.position} on`,
    )
    expectThat(
      !safeToEvacuate || missing.length === 0,
      'safe to evacuate is said only when it is',
      () => `${origin.name} says it of ${peer.name}, which lacks ${missing.length}`,
    )
  }

  /** What a region says that it lacks of a peer is what the peer's log holds, as of the announcement that was heard last. */
  #checkMissing(here: SimulatedRegion, origin: SimulatedRegion, { missing, waiting }: PeerStatus): void {
    const place = here.cursors.get(origin.name)
    if (missing === undefined || missing.epoch !== origin.watch.epoch || place?.epoch !== missing.epoch) return
    if (!missing.exact || waiting.length > 0) return
    const lacked = origin.watch.entries.slice(missing.after, missing.upTo).filter(({ own }) => own)
    // The origin counts a table from when it hears that the region has a replica: a little before the announcement is not in time.
    const beforeMax = Math.max(0, missing.after - settledChanges)
    const told = origin.watch.entries.slice(0, beforeMax).filter((entry) => isReplicaOf(entry, here.name))
    const later = origin.watch.entries.slice(beforeMax).filter((entry) => isReplicaOf(entry, here.name))
    const known = new Set(told.map(({ change }) => change.table))
    for (const { change } of later) known.delete(change.table)
    const items = lacked.filter((entry) => this.#concerns(entry, origin, here) && known.has(entry.change.table))
    const leaving = lacked.filter(({ change }) => change.ownNumber > 0 && change.unshared !== true)
    const isSilent = here.replication?.status().peers.some(({ peer, state }) => peer === origin.name && state === 'cut')
    if (lacked.length > 0) this.#world.sightings.meet('missing')
    if (isSilent === true && items.length > 0) this.#world.sightings.meet('missing of a silent region')
    // While replicas come and go, the two regions may count changes of different tables.
    const recent = origin.watch.entries.slice(beforeMax, missing.upTo)
    // And a region that has lost its disk may have to hear of a replica from another peer.
    const isSettled = recent.every(
      ({ own, change }) =>
        !own || (isItem(change) && hasReplica(origin, change.table, here) === hasReplica(here, change.table, here)),
    )
    expectThat(
      missing.changes >= items.length && (missing.changes <= leaving.length || !isSettled),
      'what is missing of a region is what its log holds',
      () =>
        `${here.name} says ${missing.changes} of ${origin.name} in (${missing.after}, ${missing.upTo}], which are ${items.length} items of ${leaving.length} changes`,
    )
  }

  /** Until its new log has begun and the others have heard of it. */
  #isSettingBack(
    { watch, setBackEpoch, setBackAtMs }: SimulatedRegion,
    { outbound, noticeMs }: { readonly outbound: string; readonly noticeMs: number },
  ): boolean {
    if (setBackEpoch === undefined) return false
    const sinceMs = this.#world.scheduler.nowMs - setBackAtMs
    return watch.epoch === setBackEpoch || sinceMs < noticeMs || outbound === 'cut' || outbound === 'unknown'
  }

  /** By what the peer has, not by where it stands: a disk that was set back stands elsewhere than it says. */
  #checkSafe(origin: SimulatedRegion, peer: SimulatedRegion): void {
    const sinceMs = this.#world.scheduler.nowMs - Math.max(origin.setBackAtMs, peer.setBackAtMs)
    if (this.#world.wipes === 0 || sinceMs < this.#noticeMs(origin, peer.name)) return
    const lacking = origin.watch.entries.find(
      (entry) =>
        this.#concerns(entry, origin, peer) &&
        !peer.watch.knows(entry.change.table, entry.change.key, entry.row.stamp) &&
        !this.#isForgotten(origin, entry),
    )
    expectThat(
      lacking === undefined,
      'safe to evacuate is said only when it is',
      () =>
        `${origin.name} says it of ${peer.name}, which lacks ${lacking?.change.position} of ${lacking?.change.table}`,
    )
  }

  /** Whoever speaks another version, or says nothing that can be understood, is not called live for long. */
  #checkRefused({ name }: SimulatedRegion, { peer, state }: PeerStatus): void {
    const noticeMs = this.#noticeMs({ name }, peer)
    const since = this.#world.unreadable.get(`${peer}>${name}`)
    const lastsMs = since === undefined ? 0 : this.#world.scheduler.nowMs - since.sinceMs
    expectThat(
      lastsMs < noticeMs || (state !== 'live' && state !== 'idle'),
      'a peer of another version is not called live',
      () => `${name} says ${state} of ${peer}`,
    )
  }

  /** Everything that the origin wrote to the table up to the watermark is here. */
  #checkWatermark(
    origin: SimulatedRegion,
    here: SimulatedRegion,
    { table, peer }: { table: TableId; peer: PeerStatus },
  ): void {
    const name = `${origin.name}>${here.name} ${table}`
    const watermark = peer.waiting.find((waiting) => waiting.table === table)?.clock ?? peer.watermark
    const { entries, epoch } = origin.watch
    let verified = this.#verified.get(name)
    if (verified?.epoch !== epoch) this.#verified.set(name, (verified = { epoch, count: 0 }))
    for (let entry = entries[verified.count]; entry !== undefined; entry = entries[++verified.count]) {
      const { row, change } = entry
      if (!entry.own || change.table !== table) continue
      if (order({ ...row.stamp, region: 0 }, { ...watermark, region: 0 }) > 0) return
      if (!this.#concerns(entry, origin, here)) continue
      expectThat(
        here.watch.knows(table, change.key, row.stamp) ||
          // Deleted, and forgotten everywhere, before the replica was made.
          (here.watch.historyOf(table, change.key).length === 0 && this.#isForgotten(origin, entry)),
        'everything up to the watermark is there',
        () => `${here.name} has ${JSON.stringify(watermark)} of ${origin.name} and lacks ${stampText(row.stamp)}`,
      )
    }
  }

  /** Deleted since, and the tombstone has gone: by the horizon, or at once in a time when the table had no other replica. */
  #isForgotten(origin: SimulatedRegion, { change: { table, key, position }, row }: Entry): boolean {
    const isDeletedAlone = ({ change, row: later }: Entry): boolean =>
      change.position > position && change.unshared === true && later.tombstone
    return this.#world.isForgotten(table, key, row.stamp) || origin.watch.historyOf(table, key).some(isDeletedAlone)
  }

  #concerns({ own, change }: Entry, origin: SimulatedRegion, peer: SimulatedRegion): boolean {
    if (!own || !isItem(change) || change.unshared === true) return false
    const complete = this.#world.complete.get(change.table)
    return complete !== undefined && complete.has(origin) && complete.has(peer)
  }
}

/** A change of what a table's registers say of a region. */
function isReplicaOf({ change }: Entry, region: string): boolean {
  return !isItem(change) && change.key.toString('utf8').endsWith(`/${region}`)
}

function hasReplica({ engine }: SimulatedRegion, table: TableId, { name }: SimulatedRegion): boolean {
  return engine?.tableWithId(table)?.replicas.some(({ region }) => region === name) === true
}
