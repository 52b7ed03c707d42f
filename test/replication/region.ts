/** A region of a test: the real engine on a store in memory, the real readers, over a nats-server of its own or a bus in memory. */
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { openLmdbStore } from '../../src/adapters/lmdb/lmdb-store.ts'
import { MemoryBlobs } from '../../src/adapters/memory/memory-blobs.ts'
import { MemoryDisk, MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { Item } from '../../src/core/attribute/value.ts'
import { decodeItem } from '../../src/core/item/item-bytes.ts'
import { bodyOffset, isTombstone } from '../../src/core/item/row.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../src/core/key/primary-key.ts'
import type { Table } from '../../src/core/table/table.ts'
import type { Topology } from '../../src/core/topology.ts'
import type { Write } from '../../src/core/write/write.ts'
import type { RegisterEdit } from '../../src/engine/commands/command.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Env } from '../../src/ports/env.ts'
import type { SharedIdentities } from '../../src/ports/shared-identities.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Replication } from '../../src/readers/replication/renewing.ts'
import type { PeerStatus } from '../../src/readers/replication/status/status.ts'
import { type Region, startRegion } from '../../src/region/start-region.ts'
import { eventually, within } from './eventually.ts'
import { quiet } from './nats.ts'

export type RegionOptions = {
  readonly clock?: Clock
  readonly log?: Env['log']
  readonly identities?: SharedIdentities | undefined
  /** On a real disk instead of in memory. */
  readonly folder?: string
}

export class TestRegion {
  readonly name: string
  readonly topology: Topology
  readonly options: RegionOptions
  disk = new MemoryDisk()
  engine!: Engine
  replication!: Replication
  #bus: Bus | undefined
  #store!: Store
  #region!: Region

  constructor(name: string, names: readonly string[], options: RegionOptions = {}) {
    this.name = name
    this.options = options
    const regions = names.map((region, n) => ({ name: region, number: n + 1 }))
    this.topology = { self: { name, number: names.indexOf(name) + 1 }, regions }
  }

  async start(bus: Bus): Promise<void> {
    this.#bus = bus
    const { folder } = this.options
    this.#store = folder === undefined ? new MemoryStore({ disk: this.disk }) : await openLmdbStore(folder)
    const env: Env = {
      clock: this.options.clock ?? systemClock,
      random: systemRandom,
      store: this.#store,
      bus,
      blobs: new MemoryBlobs(),
      log: this.options.log ?? quiet,
      meter: { count() {}, gauge() {}, observe() {}, forget() {} },
    }
    this.#region = await startRegion(env, { topology: this.topology, identities: this.options.identities })
    this.engine = this.#region.engine
    this.replication = this.#region.replication
  }

  async stop(): Promise<void> {
    await within(`${this.name} stops`, this.#region.stop())
    // A test may still look at what is in memory.
    if (this.options.folder !== undefined) await this.#store.close()
    if (this.#bus !== undefined) await within(`bus of ${this.name} closes`, this.#bus.close())
  }

  wipe(): void {
    this.disk = new MemoryDisk()
  }

  /** A table of this region, with replicas to be in others. */
  async makeTable(name: string, others: readonly string[] = []): Promise<void> {
    await this.engine.define(`id-${name}`, [
      { register: 'definition', value: definition(name) },
      { register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } },
    ])
    if (others.length > 0) await this.addReplicas(name, others)
  }

  async addReplicas(name: string, others: readonly string[]): Promise<void> {
    const edits: RegisterEdit[] = others.map((region) => ({
      register: `replica/${region}`,
      value: { status: 'CREATING', percentProgress: 0 },
    }))
    await this.engine.define(this.table(name).id, [
      ...edits,
      { register: `replica/${this.name}`, value: { status: 'ACTIVE' } },
    ])
  }

  table(name: string): Table {
    const table = this.engine.tableNamed(name)
    if (table === undefined) throw new Error(`no table ${name} in ${this.name}`)
    return table
  }

  replicaStatus(name: string, region: string): string | undefined {
    return this.engine.tableNamed(name)?.replicas.find((replica) => replica.region === region)?.status
  }

  async put(table: string, id: string, value: string): Promise<void> {
    await this.engine.commit([this.write(table, id, value)])
  }

  async remove(table: string, id: string): Promise<void> {
    const { keyAttributes, key, table: found } = this.write(table, id, '')
    await this.engine.commit([{ kind: 'delete', table: found, key, keyAttributes }])
  }

  write(name: string, id: string, value: string): Write {
    const table = this.table(name)
    const item: Item = { id: { S: id }, value: { S: value } }
    const key = encodePrimaryKey(table.key, item)
    return { kind: 'put', table: table.id, key, keyAttributes: keyAttributesOf(table.key, item), item }
  }

  value(name: string, id: string): string | undefined {
    const table = this.engine.tableNamed(name)
    if (table === undefined) return undefined
    const row = this.engine.get(table, encodePrimaryKey(table.key, { id: { S: id } }))
    const found = row === undefined || isTombstone(row) ? undefined : decodeItem(row.subarray(bodyOffset(row)))
    const value = found?.['value']
    return value !== undefined && 'S' in value ? value.S : undefined
  }

  items(name: string): number {
    const table = this.engine.tableNamed(name)
    return table === undefined ? 0 : this.engine.size(table).items
  }

  /** Every row as it is on the disk, stamps and tombstones included: equal in all regions once they agree. */
  rows(name: string): string[] {
    return this.engine
      .rows(this.table(name).id, undefined, 1_000_000, Number.MAX_SAFE_INTEGER)
      .map(({ key, row }) => `${key.toString('hex')} ${row.toString('hex')}`)
  }

  peer(name: string): PeerStatus {
    const found = this.replication.status().peers.find((peer) => peer.peer === name)
    if (found === undefined) throw new Error(`${name} is no peer of ${this.name}`)
    return found
  }
}

export function definition(name: string) {
  const id = { name: 'id', type: 'S' as const }
  return { name, createdMs: 0, key: { partition: [id], sort: [] }, attributes: [id] }
}

export async function agreed(regions: readonly TestRegion[], table: string, deadlineMs?: number): Promise<void> {
  await eventually(
    `${regions.map((region) => region.name).join(', ')} agree on ${table}`,
    () => {
      if (regions.some((region) => region.engine.tableNamed(table) === undefined)) return false
      const [first, ...rest] = regions.map((region) => region.rows(table).join('\n'))
      return rest.every((rows) => rows === first)
    },
    deadlineMs,
  )
}
