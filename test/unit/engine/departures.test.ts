/**
 * Regions order each other to leave, in any order, while what they say takes its time: in the end the table is in one region at
 * least, and nothing is left half-way. The regions are engines; this test does what the caretaker and replication do beside them.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leaveRegister, type LeaveRegister, ofOneReplica } from '../../../src/core/table/registers.ts'
import { registerValueOf } from '../../../src/engine/tables/catalog.ts'
import { isGoing, type Table } from '../../../src/core/table/table.ts'
import {
  batchFrom,
  itemAt,
  itemOf,
  makeTable,
  openRegion,
  put,
  type RegionName,
  regionNames,
  replicate,
  type TestRegion,
} from './region.ts'

const id = 'id-T'

/** `careless`: the known bug, a region that goes as soon as it hears of an order. */
class Scene {
  readonly regions: readonly TestRegion[]
  readonly #careless: boolean
  #nowMs = 0
  #rows = 0

  static async open({ careless = false } = {}): Promise<Scene> {
    const regions: TestRegion[] = []
    for (const name of regionNames) regions.push(await openRegion(name))
    const [first, ...others] = regions as [TestRegion, ...TestRegion[]]
    await makeTable(first.engine, 'T', { replicas: regionNames })
    for (const { engine } of others) {
      await replicate(first.engine, engine)
      await engine.define(id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 1 } }])
    }
    const scene = new Scene(regions, careless)
    await scene.heal()
    return scene
  }

  private constructor(regions: readonly TestRegion[], careless: boolean) {
    this.regions = regions
    this.#careless = careless
  }

  /** As UpdateTable takes it: from a region that serves the table, of a replica that it knows of. */
  async order(from: number, of: number): Promise<void> {
    const table = this.table(from)
    const region = regionNames[of] as RegionName
    if (table?.status !== 'ACTIVE' || from === of || !table.replicas.some((each) => each.region === region)) return
    const how: LeaveRegister = { by: regionNames[from] as RegionName, askedMs: ++this.#nowMs }
    await this.engine(from).define(id, [{ register: leaveRegister(region), value: how }])
  }

  /** As DeleteTable does it. */
  async delete(at: number): Promise<void> {
    if (this.table(at)?.status !== 'ACTIVE') return
    const region = regionNames[at] as RegionName
    await this.engine(at).define(id, [
      { register: 'local/status', value: { status: 'DELETING', sinceMs: 1 } },
      { register: leaveRegister(region), value: { by: region, askedMs: ++this.#nowMs } },
    ])
  }

  async write(at: number): Promise<void> {
    const table = this.table(at)
    if (table?.status === 'ACTIVE') await this.engine(at).commit([put(table, itemOf('p', this.#rows++))])
  }

  /** What `from` has written, up to a position of its log that it had before. */
  async send(from: number, to: number, upTo?: number): Promise<void> {
    const engine = this.engine(from)
    if (upTo === undefined) return replicate(engine, this.engine(to))
    const after = this.engine(to).cursor(engine.region.name)?.position ?? 0
    if (upTo > after) await this.engine(to).apply(batchFrom(engine, after, upTo), 0)
  }

  /** What a region does by itself. */
  async care(at: number): Promise<void> {
    const engine = this.engine(at)
    const table = this.table(at)
    if (table === undefined || table.status !== 'DELETING') return
    if (!this.#careless && !isGoing(table)) return
    await engine.removeTable(id)
    const region = regionNames[at] as RegionName
    const own = engine.registers(id).map(({ key }) => key.toString())
    const leave = this.#leave(at)
    const struck = ofOneReplica(region).filter(
      (register) => own.includes(register) && (register !== leaveRegister(region) || leave?.by !== region),
    )
    await engine.define(
      id,
      struck.map((register) => ({ register, value: undefined })),
    )
  }

  async heal(): Promise<void> {
    for (let round = 0; round < 8; round++)
      for (const from of [0, 1, 2]) {
        for (const to of [0, 1, 2]) if (to !== from) await this.send(from, to)
        await this.care(from)
      }
  }

  engine = (at: number) => (this.regions[at] as TestRegion).engine
  table = (at: number): Table | undefined => this.engine(at).tableWithId(id)

  get left(): readonly number[] {
    return [0, 1, 2].filter((at) => this.table(at) !== undefined)
  }

  expectSettled(): void {
    const views = this.left.map((at) => this.table(at) as Table)
    for (const [n, table] of views.entries()) {
      expect(table.status).toBe('ACTIVE')
      expect(table.replicas).toEqual(views[0]?.replicas)
      for (let row = 0; row < this.#rows; row++)
        expect(itemAt(this.engine(this.left[n] as number), table, itemOf('p', row))).toBeDefined()
    }
    const listed = views[0]?.replicas.map(({ region }) => region) ?? []
    if (this.left.length > 1) expect(new Set(listed)).toEqual(new Set(this.left.map((at) => regionNames[at])))
  }

  #leave(at: number): LeaveRegister | undefined {
    const register = leaveRegister(regionNames[at] as RegionName)
    const found = this.engine(at)
      .registers(id)
      .find(({ key }) => key.toString() === register)
    return found === undefined ? undefined : (registerValueOf(found.row) as LeaveRegister | undefined)
  }
}

/** Each region orders the next to leave; each hears of the order to itself before of any other. */
async function circle(scene: Scene): Promise<void> {
  for (const at of [0, 1, 2]) {
    await scene.write(at)
    await scene.order(at, (at + 1) % 3)
  }
  const said = [0, 1, 2].map((at) => scene.engine(at).flushed())
  for (const at of [0, 1, 2]) {
    await scene.send(at, (at + 1) % 3, said[at])
    await scene.care((at + 1) % 3)
  }
  await scene.heal()
}

describe('regions that order each other to leave', () => {
  it('in a circle leave one of them, with all rows', async () => {
    const scene = await Scene.open()
    await circle(scene)
    expect(scene.left).toEqual([0])
    scene.expectSettled()
  })

  it('would all go if each went as soon as it hears of an order', async () => {
    const scene = await Scene.open({ careless: true })
    await circle(scene)
    expect(scene.left).toEqual([])
  })

  it('lose nothing that arrives while they wait for a word', async () => {
    const scene = await Scene.open()
    await scene.order(0, 1)
    await scene.send(0, 1)
    expect(scene.table(1)).toMatchObject({ status: 'DELETING', mayStay: true })
    await scene.order(2, 0)
    await scene.write(2)
    await scene.delete(2)
    await scene.heal()
    scene.expectSettled()
  })

  it('go when the region that ordered it has been deleted since, before they hear of either', async () => {
    const scene = await Scene.open()
    await scene.order(0, 1)
    await scene.order(0, 2)
    await scene.delete(0)
    await scene.care(0)
    expect(scene.left).toEqual([1, 2])
    await scene.heal()
    expect(scene.left).toEqual([])
  })

  it('leave one at least, whatever they ask and in whatever order it arrives; only DeleteTable removes the last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), async (steps) => {
        const scene = await Scene.open()
        const said = [0, 0, 0]
        let deletes = 0
        for (const { what, a, b } of steps) {
          if (what === 'delete') deletes++
          if (what === 'order') await scene.order(a, b)
          else if (what === 'delete') await scene.delete(a)
          else if (what === 'write') await scene.write(a)
          else if (what === 'care') await scene.care(a)
          else if (a !== b) await scene.send(a, b, what === 'send late' ? said[a] : undefined)
          if (what === 'order') said[a] = scene.engine(a).flushed()
        }
        await scene.heal()
        scene.expectSettled()
        if (deletes === 0) expect(scene.left.length).toBeGreaterThan(0)
      }),
      { numRuns: 60 },
    )
  })
})

const step = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('send' as const, 'send late' as const) },
    { weight: 4, arbitrary: fc.constant('care' as const) },
    { weight: 3, arbitrary: fc.constant('order' as const) },
    { weight: 1, arbitrary: fc.constantFrom('write' as const, 'delete' as const) },
  ),
  a: fc.nat({ max: 2 }),
  b: fc.nat({ max: 2 }),
})
