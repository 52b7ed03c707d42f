/**
 * Makes and changes tables while everything else goes on, through the same operations that a client's requests run:
 * the registers that they write, and what the regions make of them, are part of what is simulated.
 */
import { type Timing, timingOf } from '../../src/core/table/waits.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { OperationContext } from '../../src/operations/operation.ts'
import { updateTimeToLive } from '../../src/operations/settings/update-time-to-live.ts'
import { expiryAttribute } from './expiring.ts'
import { createTable } from '../../src/operations/tables/create-table.ts'
import { deleteTable } from '../../src/operations/tables/delete-table.ts'
import { changeReplicas, updateTable } from '../../src/operations/tables/update-table.ts'
import type { Table, TableId } from '../../src/core/table/table.ts'
import { ServiceError } from '../../src/core/errors.ts'
import { StoreFailed, StoreFull } from '../../src/ports/store.ts'
import { isUsable } from './client.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

/** Nothing has to wait for long before it may be changed again. */
export const timing: Timing = timingOf((wait) => (/pause|window/.test(wait) ? 0 : 100))

const retryMs = 50
/** Long enough for any fault to pass; a table that takes longer is stuck. */
const patienceMs = 120_000

type Work<T> = (context: OperationContext) => Promise<T> | T

export class Administrator {
  readonly #world: World
  readonly #random: SeededRandom
  /** How often each region was asked to have a replica of each table. */
  readonly #additions = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
    this.#random = world.random.fork()
  }

  /** A table of one region; resolves when it takes writes. */
  async createTable(region: SimulatedRegion, name: string, withIndexes: boolean): Promise<void> {
    const indexes = withIndexes ? secondaryIndexes : {}
    await this.insist(region, async (context) => {
      if (context.engine.tableNamed(name) === undefined)
        await createTable.run({ TableName: name, ...tableShape, ...indexes }, context)
      const table = context.engine.tableNamed(name)
      expectThat(table !== undefined, 'a created table is there', () => `${region.name} has no ${name}`)
      this.#world.addReplica(table.id, region)
    })
    await this.untilUsable(region, name)
  }

  /** From now on items expire by their attribute. */
  async expireItems(region: SimulatedRegion, name: string): Promise<void> {
    await this.insist(region, async (context) => {
      if (context.engine.tableNamed(name)?.settings.timeToLive?.enabled === true) return
      const TimeToLiveSpecification = { AttributeName: expiryAttribute, Enabled: true }
      await updateTimeToLive.run({ TableName: name, TimeToLiveSpecification }, context)
    })
  }

  /** Resolves when nothing is left of it. */
  async deleteTable(region: SimulatedRegion, name: string): Promise<void> {
    await this.insist(region, async (context) => {
      const table = context.engine.tableNamed(name)
      if (table === undefined) return
      this.#world.removeReplica(table.id, region)
      await deleteTable.run({ TableName: name }, context)
    })
    await this.#until(
      'tables that are deleted go',
      () => region.engine !== undefined && region.engine.tableNamed(name) === undefined,
    )
  }

  /** Asks `from` to add replicas; does not wait for them. */
  async addReplicas(from: SimulatedRegion, name: string, to: readonly SimulatedRegion[]): Promise<void> {
    await this.untilUsable(from, name)
    // Also what an attempt before a crash has brought to the disk without an answer counts as asked.
    const asked = new Set<SimulatedRegion>()
    await this.insist(from, async (context) => {
      const table = context.engine.tableNamed(name)
      if (table === undefined) return
      const missing = to.filter((region) => !table.replicas.some((replica) => replica.region === region.name))
      for (const region of missing) asked.add(region)
      const updates = missing.map((region) => ({ Create: { RegionName: region.name } }))
      if (missing.length > 0) await changeReplicas({ TableName: name, ReplicaUpdates: updates }, context)
      // Unless somebody has removed it again meanwhile.
      const now = context.engine.tableWithId(table.id)?.replicas ?? []
      for (const region of asked)
        if (now.some((replica) => replica.region === region.name && replica.status !== 'DELETING'))
          this.#add(table, region)
    })
  }

  #add({ id, name }: Table, region: SimulatedRegion): void {
    if (this.#world.replicas.get(id)?.has(region) === true) return
    expectThat(!region.has(id), 'replicas that are struck from the list are gone', () => `${region.name} has ${name}`)
    this.#count(id, region)
  }

  #count(id: TableId, region: SimulatedRegion): void {
    this.#world.addReplica(id, region)
    this.#additions.set(`${id} ${region.name}`, this.#additionsOf(id, region) + 1)
  }

  #additionsOf(id: TableId, region: SimulatedRegion): number {
    return this.#additions.get(`${id} ${region.name}`) ?? 0
  }

  /** Asks `from` to remove a replica, or the region itself to delete its table, and waits until it is gone from there and from the list. */
  async removeReplica(from: SimulatedRegion, name: string, region: SimulatedRegion): Promise<void> {
    await this.untilUsable(from, name)
    const asksItself = this.#random.chance(0.4)
    let asked: { readonly id: TableId; readonly additions: number } | undefined
    await this.insist(asksItself ? region : from, async (context) => {
      const table = context.engine.tableNamed(name)
      if (table === undefined || !table.replicas.some((replica) => replica.region === region.name)) return
      // What another has asked for before a crash, and has had no answer to yet, is what goes now: its next try counts nothing more.
      if (asked === undefined && this.#world.replicas.get(table.id)?.has(region) !== true) this.#count(table.id, region)
      asked ??= { id: table.id, additions: this.#additionsOf(table.id, region) }
      if (asksItself) await deleteTable.run({ TableName: name }, context)
      else await changeReplicas({ TableName: name, ReplicaUpdates: [{ Delete: { RegionName: region.name } }] }, context)
    })
    if (asked === undefined) return
    const { id, additions } = asked
    if (this.#additionsOf(id, region) === additions) this.#world.removeReplica(id, region)
    await this.#until('replicas that are removed go', () => {
      // Somebody has found it gone, and has asked for another.
      if (this.#additionsOf(id, region) > additions) return true
      const table = from.engine?.tableWithId(id)
      return table !== undefined && !table.replicas.some((each) => each.region === region.name) && !region.has(id)
    })
  }

  async untilComplete(): Promise<void> {
    await this.#until('replicas become complete', () =>
      [...this.#world.replicas].every(([id, regions]) => {
        const complete = this.#world.completeReplicasOf(id)
        return [...regions].every((region) => complete.includes(region))
      }),
    )
  }

  /** All others have noted that the region is there. */
  async untilKnown(region: SimulatedRegion): Promise<void> {
    const others = this.#world.regions.filter((other) => other !== region)
    await this.#until('regions learn who has joined', () =>
      others.every(({ engine }) => (engine?.note('replication/peers') as string[] | undefined)?.includes(region.name)),
    )
  }

  /** Strikes the replicas of a region that has left, as soon as `from` knows that it has. */
  async strike(from: SimulatedRegion, gone: SimulatedRegion): Promise<void> {
    await this.#until('regions learn who has left', () => !from.knownRegions.includes(gone.name))
    await this.insist(from, async (context) => {
      for (const { name, replicas } of context.engine.tables())
        if (replicas.some(({ region }) => region === gone.name))
          await changeReplicas({ TableName: name, ReplicaUpdates: [{ Delete: { RegionName: gone.name } }] }, context)
    })
  }

  /** A replica becomes a table of its own; what it had acknowledged before it was asked to is with the others then. */
  async disassociate(region: SimulatedRegion, name: string): Promise<void> {
    await this.untilUsable(region, name)
    let id: TableId | undefined
    await this.insist(region, async (context) => {
      const table = context.engine.tableNamed(name)
      if (table === undefined || !table.replicas.some((replica) => replica.region === region.name)) return
      id = table.id
      await updateTable.run({ TableName: name, DisassociationProtectionEnabled: false }, context)
      this.#world.releasing.set(`${id} ${region.name}`, region.watch.position)
      const asked = { RegionName: region.name, DisassociationMode: 'WAIT_FOR_REPLICATION' } as const
      await changeReplicas({ TableName: name, ReplicaUpdates: [{ Disassociate: asked }] }, context)
    })
    if (id !== undefined)
      await this.#until('replicas that are disassociated become tables of their own', () => !region.has(id ?? ''))
  }

  async addIndex(region: SimulatedRegion, name: string): Promise<void> {
    await this.untilUsable(region, name)
    await this.insist(region, async (context) => {
      const table = context.engine.tableNamed(name)
      if (table === undefined || table.indexes.some((index) => index.name === lateIndex.IndexName)) return
      await updateTable.run(
        {
          TableName: name,
          AttributeDefinitions: [...tableShape.AttributeDefinitions, { AttributeName: 'tag', AttributeType: 'S' }],
          GlobalSecondaryIndexUpdates: [{ Create: lateIndex }],
        },
        context,
      )
    })
  }

  /** One attempt to set something that other regions may be setting otherwise; a refusal is taken as an answer. */
  async contradict(region: SimulatedRegion, name: string, random: SeededRandom): Promise<void> {
    const { engine } = region
    const table = engine?.tableNamed(name)
    if (engine === undefined || table === undefined || !isUsable(table, region.name)) return
    const asked = contradiction(region.name, random)
    await Promise.race([
      this.#try(region, engine, async (context) => {
        await updateTable.run({ TableName: name, ...asked }, context)
      }),
      region.ended,
    ])
  }

  async untilUsable(region: SimulatedRegion, name: string): Promise<void> {
    await this.#until('tables become active', () => {
      const table = region.engine?.tableNamed(name)
      return table !== undefined && isUsable(table, region.name)
    })
  }

  async #until(promise: string, holds: () => boolean): Promise<void> {
    const startedMs = this.#world.scheduler.nowMs
    while (!holds()) {
      const waitedMs = this.#world.scheduler.nowMs - startedMs
      expectThat(waitedMs < patienceMs, promise, () => `not after ${patienceMs} ms`)
      await this.#world.scheduler.sleep(retryMs)
    }
  }

  /** Again and again until the region is up and takes it: crashes and full disks are in the way. */
  async insist(region: SimulatedRegion, work: Work<void>): Promise<void> {
    for (;;) {
      const { engine, ended } = region
      if (engine !== undefined) {
        const done = await Promise.race([this.#try(region, engine, work), ended.then(() => false)])
        if (done) return
      }
      await this.#world.scheduler.sleep(retryMs * (0.5 + this.#random.fraction()))
    }
  }

  async #try(region: SimulatedRegion, engine: Engine, work: Work<void>): Promise<boolean> {
    try {
      await work(contextOf(region, engine))
      return true
    } catch (error) {
      if (!isPassing(error)) throw error
      this.#world.story.tell(region.name, 'refused', { error })
      return false
    }
  }
}

/** What the operations of a region are run with. */
export function contextOf(region: SimulatedRegion, engine: Engine, lasting = timing): OperationContext {
  const { name, env, knownRegions } = region
  return {
    engine,
    env,
    settings: {
      accountId: '000000000000',
      globalTables2017: false,
      region: name,
      regions: knownRegions,
      timing: lasting,
      streamRetentionMs: 86_400_000,
    },
  }
}

/** A refusal, or a disk that takes nothing at the moment. */
function isPassing(error: unknown): boolean {
  return error instanceof ServiceError || error instanceof StoreFull || error instanceof StoreFailed
}

type Asked = Omit<Parameters<typeof updateTable.run>[0], 'TableName'>

/** Indexes on one attribute that clients do not write, as another type here and there, under names of their own or a common one. */
function contradiction(region: string, random: SeededRandom): Asked {
  const index = random.pick(['mark', `mark-${region}`])
  const type = random.pick(['S', 'N', 'B'] as const)
  const made = {
    AttributeDefinitions: [{ AttributeName: 'mark', AttributeType: type }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: index,
          KeySchema: [{ AttributeName: 'mark', KeyType: 'HASH' as const }],
          Projection: { ProjectionType: 'ALL' as const },
        },
      },
    ],
  }
  const changed = { IndexName: 'by-group', OnDemandThroughput: { MaxReadRequestUnits: random.between(1, 9) } }
  return random.pick<Asked>([
    made,
    made,
    made,
    { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: index } }] },
    { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-group' } }] },
    { GlobalSecondaryIndexUpdates: [{ Update: changed }] },
    { TableClass: random.pick(['STANDARD', 'STANDARD_INFREQUENT_ACCESS'] as const) },
  ])
}

const tableShape = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'part', AttributeType: 'S' },
    { AttributeName: 'group', AttributeType: 'S' },
    { AttributeName: 'n', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'id', KeyType: 'HASH' },
    { AttributeName: 'part', KeyType: 'RANGE' },
  ],
} as const

const secondaryIndexes = {
  LocalSecondaryIndexes: [
    {
      IndexName: 'by-count',
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'n', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-group',
      KeySchema: [
        { AttributeName: 'group', KeyType: 'HASH' },
        { AttributeName: 'n', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
} as const

const lateIndex = {
  IndexName: 'by-tag',
  KeySchema: [{ AttributeName: 'tag', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
} as const
