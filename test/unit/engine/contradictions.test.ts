/**
 * Regions that cannot hear each other change one table. Whatever they say, and in whatever order it reaches them afterwards,
 * all of them come to the same table, it takes writes, and what was overruled is in the list of every region that has it.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { bodyOffset } from '../../../src/core/item/row.ts'
import type { IndexRegister } from '../../../src/core/table/registers.ts'
import type { Index, Table } from '../../../src/core/table/table.ts'
import type { RegisterEdit } from '../../../src/engine/commands/command.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import {
  attributeNamed,
  indexValue,
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
const [us, eu] = regionNames
const everywhere: readonly (readonly [number, number])[] = [0, 1, 2].flatMap((from) =>
  [0, 1, 2].filter((to) => to !== from).map((to) => [from, to] as const),
)

async function threeRegions(more: readonly RegisterEdit[] = []): Promise<TestRegion[]> {
  const regions: TestRegion[] = []
  for (const name of regionNames) regions.push(await openRegion(name))
  const [first] = regions
  await makeTable((first as TestRegion).engine, 'T', { replicas: regionNames, more })
  for (const { engine } of regions.slice(1)) {
    await replicate((first as TestRegion).engine, engine)
    await engine.define(id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 1 } }])
  }
  await exchange(regions, everywhere)
  return regions
}

async function exchange(regions: readonly TestRegion[], links: readonly (readonly [number, number])[]): Promise<void> {
  for (const [from, to] of links) await replicate(at(regions, from).engine, at(regions, to).engine)
}

/** Until nothing is left to hear: a region may answer what it hears with a change of its own. */
async function heal(regions: readonly TestRegion[], order: typeof everywhere): Promise<void> {
  for (let round = 0; round < 3; round++) await exchange(regions, order)
}

const at = (regions: readonly TestRegion[], n: number): TestRegion => regions[n] as TestRegion
const tableIn = ({ engine }: TestRegion): Table => engine.tableWithId(id) as Table
const add = (name: string, register: Partial<IndexRegister>): RegisterEdit => ({
  register: `index/${name}`,
  value: indexValue({ id: `${name} made`, ...register }),
})
const byColor = (type: 'S' | 'N', madeMs: number): Partial<IndexRegister> => ({
  id: `by-color ${type}`,
  key: { partition: [attributeNamed('color', type)], sort: [] },
  madeMs,
})
const listed = ({ engine }: TestRegion): readonly string[] =>
  engine.overruled(0, 100).map(({ register, by, reason, row }) => {
    const value = row.length > bodyOffset(row) ? row.toString('utf8', bodyOffset(row)) : 'removed'
    return `${register} by ${by}: ${reason}; ${value}`
  })

/** The indexes that count: what DescribeTable shows but for those on their way out. */
const living = (table: Table): readonly Index[] => table.indexes.filter(({ status }) => status !== 'DELETING')

function sharedView(table: Table): unknown {
  const { replicas, settings, attributes } = table
  const { deletionProtection: _own, tags: _tags, ...shared } = settings
  const indexes = living(table).map(({ id: index, name, key, projection, settings: of }) => ({
    index,
    name,
    key,
    projection,
    of,
  }))
  const used = living(table).flatMap(({ key }) => [...key.partition, ...key.sort])
  const types = attributes
    .filter(({ name }) => used.some((each) => each.name === name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { replicas, shared, indexes, types }
}

const sample: Readonly<Record<'S' | 'N' | 'B', AttributeValue>> = { S: { S: 'red' }, N: { N: '7' }, B: { B: 'AAAA' } }

/** An item with every attribute that DescribeTable tells, of the type that it tells. */
const describedItem = (table: Table): Item =>
  itemOf(
    'p',
    1,
    Object.fromEntries(
      table.attributes
        .filter(({ name }) => name !== 'pk' && name !== 'sk')
        .map(({ name, type }) => [name, sample[type]]),
    ),
  )

async function expectWritable(engine: Engine, table: Table): Promise<void> {
  const result = await engine.commit([put(table, describedItem(table))])
  expect(result.accepted ? 'accepted' : result.refusals).toBe('accepted')
}

describe('settings that contradict each other', () => {
  it('keep the index that was made first; the other goes, and is listed with its content', async () => {
    for (const order of [everywhere, everywhere.toReversed()]) {
      const regions = await threeRegions()
      await at(regions, 0).engine.define(id, [add('by-text', byColor('S', 200))])
      await at(regions, 1).engine.define(id, [add('by-number', byColor('N', 100))])
      await heal(regions, order)
      for (const region of regions) {
        const table = tableIn(region)
        expect(living(table).map(({ name }) => name)).toEqual(['by-number'])
        expect(table.attributes).toContainEqual({ name: 'color', type: 'N' })
        await expectWritable(region.engine, table)
        expect(listed(region)).toEqual([
          expect.stringContaining(
            'index/by-text by index/by-number: attribute color has type N there, S here; {"id":"by-color S"',
          ),
        ])
        expect(region.counted.filter(({ name }) => name === 'longitude_settings_overruled_total')).toHaveLength(1)
      }
    }
  })

  it('keep at most 20 global indexes, and none that was there before is lost', async () => {
    const regions = await threeRegions()
    for (let n = 0; n < 19; n++)
      await at(regions, 0).engine.define(id, [
        add(`i${n}`, { key: { partition: [attributeNamed(`a${n}`)], sort: [] } }),
      ])
    await heal(regions, everywhere)
    await at(regions, 1).engine.define(id, [
      add('new-eu', { key: { partition: [attributeNamed('e')], sort: [] }, madeMs: 7 }),
    ])
    await at(regions, 2).engine.define(id, [
      add('new-ap', { key: { partition: [attributeNamed('f')], sort: [] }, madeMs: 5 }),
    ])
    await heal(regions, everywhere.toReversed())
    for (const region of regions) {
      const names = living(tableIn(region)).map(({ name }) => name)
      expect(names).toHaveLength(20)
      expect(names).toContain('new-ap')
      expect(listed(region).map((line) => line.split(':')[0])).toEqual(['index/new-eu by index/new-ap'])
    }
  })

  it('project at most 100 attributes', async () => {
    const regions = await threeRegions()
    const sixty = (prefix: string) => ({
      type: 'INCLUDE' as const,
      attributes: Array.from({ length: 60 }, (_, n) => `${prefix}${n}`),
    })
    await at(regions, 0).engine.define(id, [add('one', { projection: sixty('a'), madeMs: 1 })])
    await at(regions, 1).engine.define(id, [add('two', { projection: sixty('b'), madeMs: 2 })])
    await heal(regions, everywhere)
    for (const region of regions) expect(living(tableIn(region)).map(({ name }) => name)).toEqual(['one'])
  })

  it('of one index are its later content; the rows of the other go', async () => {
    const regions = await threeRegions()
    await at(regions, 0).engine.define(id, [add('by-color', byColor('S', 1))])
    at(regions, 1).clock.wall += 10
    await at(regions, 1).engine.define(id, [add('by-color', byColor('N', 2))])
    await heal(regions, everywhere)
    for (const region of regions)
      expect(living(tableIn(region))).toMatchObject([{ id: 'by-color N', status: 'CREATING' }])
    expect(tableIn(at(regions, 0)).leftovers).toEqual([1])
    expect(listed(at(regions, 0))).toEqual([
      expect.stringContaining('index/by-color by index/by-color: a later change replaced it; {"id":"by-color S"'),
    ])
  })

  it('fill an index anew that was deleted in one region and changed later in another', async () => {
    const regions = await threeRegions()
    await at(regions, 0).engine.define(id, [add('by-color', byColor('S', 1))])
    await heal(regions, everywhere)
    await at(regions, 0).engine.define(id, [add('by-color', { ...byColor('S', 1), deleted: true })])
    expect(tableIn(at(regions, 0)).indexes).toMatchObject([{ number: 1, status: 'DELETING' }])
    at(regions, 1).clock.wall += 10
    await at(regions, 1).engine.define(id, [
      add('by-color', { ...byColor('S', 1), settings: { onDemand: { maxReadUnits: 5 } } }),
    ])
    await heal(regions, everywhere)
    expect(living(tableIn(at(regions, 0)))).toMatchObject([
      { number: 2, status: 'CREATING', settings: { onDemand: { maxReadUnits: 5 } } },
    ])
    expect(tableIn(at(regions, 0)).leftovers).toEqual([1])
    expect(listed(at(regions, 0)).join()).toContain('"deleted":true')
  })

  it('do not remove a replica that is protected; the order is withdrawn for good', async () => {
    const regions = await threeRegions()
    await at(regions, 1).engine.define(id, [{ register: 'local/deletion-protection', value: true }])
    at(regions, 0).clock.wall += 10
    await at(regions, 0).engine.define(id, [{ register: `leave/${eu}`, value: { by: us, askedMs: 10 } }])
    await heal(regions, everywhere)
    await at(regions, 1).engine.define(id, [{ register: 'local/deletion-protection', value: false }])
    await heal(regions, everywhere)
    for (const region of regions) {
      expect(tableIn(region).replicas.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE'])
      expect(listed(region).filter((line) => line.startsWith(`leave/${eu} by guard/${eu}`))).toHaveLength(1)
    }
  })

  it('leave one replica where regions have removed each other', async () => {
    const regions = await threeRegions()
    const [a, b, c] = [at(regions, 0), at(regions, 1), at(regions, 2)]
    await a.engine.define(
      id,
      [`leave/${regionNames[2]}`, `leave/${eu}`].map((register, n) => ({
        register,
        value: { by: us, askedMs: 10 + n },
      })),
    )
    await b.engine.define(
      id,
      [`leave/${regionNames[2]}`, `leave/${us}`].map((register, n) => ({
        register,
        value: { by: eu, askedMs: 10 + 2 * n },
      })),
    )
    await heal([a, b, c], everywhere)
    for (const region of [a, b, c])
      expect(tableIn(region).replicas.map((each) => [each.region, each.status])).toEqual([
        [regionNames[2], 'DELETING'],
        [eu, 'DELETING'],
        [us, 'ACTIVE'],
      ])
  })

  it('keep the stream of a table that has replicas, and give an index of a provisioned table its throughput', async () => {
    const stream = (enabled: boolean) => ({
      register: 'settings/stream',
      value: { enabled, viewType: 'KEYS_ONLY', label: 'x' },
    })
    const regions = await threeRegions([stream(true)])
    const provisioned = { readUnits: 5, writeUnits: 5 }
    await at(regions, 0).engine.define(id, [
      stream(false),
      { register: 'settings/capacity', value: { billingMode: 'PROVISIONED', provisioned } },
    ])
    await at(regions, 1).engine.define(id, [add('by-color', byColor('S', 1))])
    await heal(regions, everywhere)
    for (const region of regions) {
      expect(tableIn(region).settings.stream).toMatchObject({ enabled: true, viewType: 'KEYS_ONLY' })
      expect(tableIn(region).indexes).toMatchObject([{ settings: { provisioned } }])
    }
  })

  it('come to the same table in every region, whatever they were and in whatever order they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 24 }),
        fc.shuffledSubarray([...everywhere], { minLength: 6 }),
        async (steps, order) => {
          const regions = await threeRegions()
          for (const { region, edit, links } of steps) {
            await at(regions, region).engine.define(id, [edit(regionNames[region] as RegionName)])
            at(regions, region).clock.wall += 1
            await exchange(regions, links)
          }
          await heal(regions, order)
          await heal(regions, order)
          const views = regions.map((region) => sharedView(tableIn(region)))
          expect(views[1]).toEqual(views[0])
          expect(views[2]).toEqual(views[0])
          for (const region of regions) {
            const table = tableIn(region)
            expect(table.replicas.some(({ status }) => status === 'ACTIVE')).toBe(true)
            if (table.status !== 'DELETING') await expectWritable(region.engine, table)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

type Step = {
  readonly region: number
  readonly edit: (own: RegionName) => RegisterEdit
  readonly links: readonly (readonly [number, number])[]
}

const color = fc.constantFrom('color', 'size', 'shape')
const type = fc.constantFrom('S' as const, 'N' as const, 'B' as const)
const index = fc
  .record({
    name: fc.constantFrom('i', 'j', 'k', 'l'),
    color,
    type,
    madeMs: fc.nat({ max: 9 }),
    deleted: fc.boolean(),
    wide: fc.boolean(),
  })
  .map(({ name, madeMs, deleted, wide, ...attribute }) => (): RegisterEdit => {
    const attributes = Array.from({ length: 51 }, (_, n) => `${name}${n}`)
    return add(name, {
      id: `${name} ${attribute.color} ${attribute.type}`,
      key: { partition: [attributeNamed(attribute.color, attribute.type)], sort: [] },
      ...(wide ? { projection: { type: 'INCLUDE' as const, attributes } } : {}),
      madeMs,
      ...(deleted ? { deleted: true as const } : {}),
    })
  })
/** A region removes another, but not itself: it may be the last, and then it is right that nothing is left. */
const leave = fc.record({ of: fc.constantFrom(...regionNames), askedMs: fc.nat({ max: 9 }) }).map(
  ({ of, askedMs }) =>
    (own: RegionName): RegisterEdit =>
      of === own
        ? { register: 'settings/table-class', value: 'STANDARD' }
        : { register: `leave/${of}`, value: { by: own, askedMs } },
)
const protection = fc.boolean().map((value) => (): RegisterEdit => ({ register: 'local/deletion-protection', value }))
const stream = fc.boolean().map((enabled) => (): RegisterEdit => ({
  register: 'settings/stream',
  value: { enabled, viewType: 'KEYS_ONLY', label: 'x' },
}))
const step: fc.Arbitrary<Step> = fc.record({
  region: fc.nat({ max: 2 }),
  edit: fc.oneof(index, index, index, leave, protection, stream),
  links: fc.subarray([...everywhere], { maxLength: 2 }),
})
