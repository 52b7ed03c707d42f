import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { type ChangeStream, openGeneration, shardsOf } from '../../../src/core/change-stream/change-stream.ts'
import type { Change } from '../../../src/core/change/change.ts'
import { changeIn } from '../../../src/core/change/record.ts'
import { decodeItem } from '../../../src/core/item/item-bytes.ts'
import { bodyOffset } from '../../../src/core/item/row.ts'
import { inOneTurn } from '../../../src/core/turns.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { VisitStreamRecord } from '../../../src/engine/streams/stream-part.ts'
import type { Edit } from '../../../src/ports/store.ts'
import { differs } from '../../differences/difference.ts'
import { del, itemOf, makeTable, openRegion, put, replicate, startMs, TestClock } from './region.ts'

const settings = (label: string, enabled = true, viewType = 'NEW_AND_OLD_IMAGES') => ({
  register: 'settings/stream',
  value: { enabled, viewType, label },
})

const streamOf = (engine: Engine): ChangeStream => engine.streams.all().at(-1) as ChangeStream

/** Parents come before their children. */
function changesIn(engine: Engine, stream = streamOf(engine)): readonly Change[] {
  return shardsOf(stream).flatMap((shard) => {
    const part = { stream: stream.number, shard, after: shard.after, upTo: shard.upTo ?? engine.flushed() }
    const changes: Change[] = []
    const visit: VisitStreamRecord = (head, entry) => void changes.push(changeIn(head, Buffer.from(entry)))
    inOneTurn(engine.streams.read({ ...part, countMax: 10_000, bytesMax: Infinity }, visit))
    return changes
  })
}

const valueOf = (row: Buffer | undefined): string | undefined =>
  row === undefined ? undefined : (decodeItem(row.subarray(bodyOffset(row)))['v'] as { S: string } | undefined)?.S

const told = ({ event, key, row, previous }: Change) => ({
  event,
  key: key.toString('hex'),
  value: valueOf(row),
  previous: valueOf(previous),
})

type Step = 'roll' | 'restart' | { readonly pk: string; readonly v: string | undefined }

const step = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<Step>('roll', 'restart') },
  {
    weight: 8,
    arbitrary: fc.record({
      pk: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      v: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    }),
  },
)

describe('a change stream', () => {
  test('has each change once, in the order of its item, through rolls and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const store = new MemoryStore()
        const clock = new TestClock()
        let { engine } = await openRegion('us-east-1', store, { clock })
        const table = await makeTable(engine, 't', { more: [settings('one')] })
        const items = new Map<string, string>()
        const expected = new Map<string, unknown[]>()
        for (const each of steps) {
          clock.wall += 1
          if (each === 'roll') await engine.streams.roll(streamOf(engine).number)
          else if (each === 'restart') {
            await engine.close()
            engine = (await openRegion('us-east-1', store, { clock })).engine
          } else {
            const { pk, v } = each
            const item = itemOf(pk, 1, v === undefined ? {} : { v: { S: v } })
            const write = v === undefined ? del(table, item) : put(table, item)
            await engine.commit([write])
            const before = items.get(pk)
            const event = before === undefined ? 'INSERT' : v === undefined ? 'REMOVE' : 'MODIFY'
            const key = write.key.toString('hex')
            if (before !== v)
              expected.set(key, [...(expected.get(key) ?? []), { event, key, value: v, previous: before }])
            if (v === undefined) items.delete(pk)
            else items.set(pk, v)
          }
        }
        const found = new Map<string, unknown[]>()
        for (const change of changesIn(engine).map(told))
          found.set(change.key, [...(found.get(change.key) ?? []), change])
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
      }),
      { numRuns: 60 },
    )
  })

  test('has what a peer wrote and won with, and nothing of what lost or changed nothing', async () => {
    const us = await openRegion('us-east-1')
    const eu = await openRegion('eu-west-1')
    const options = { replicas: ['us-east-1', 'eu-west-1'], more: [settings('one')] } as const
    const table = await makeTable(us.engine, 't', options)
    await makeTable(eu.engine, 't', options)
    eu.clock.wall += 100
    await us.engine.commit([put(table, itemOf('a', 1, { v: { S: 'us' } }))])
    await eu.engine.commit([put(table, itemOf('a', 1, { v: { S: 'eu' } }))])
    await eu.engine.commit([put(table, itemOf('b', 1, { v: { S: 'eu' } }))])
    await replicate(us.engine, eu.engine)
    await replicate(eu.engine, us.engine)
    // The later write of one item won in both; eu has noted only that it has seen the other.
    expect(
      changesIn(eu.engine)
        .map(told)
        .map(({ event, value }) => [event, value]),
    ).toEqual([
      ['INSERT', 'eu'],
      ['INSERT', 'eu'],
    ])
    const own = changesIn(us.engine).map(told)
    expect(own.filter(({ previous }) => previous !== undefined)).toMatchObject([
      { event: 'MODIFY', value: 'eu', previous: 'us' },
    ])
    expect(own).toHaveLength(3)
  })

  test('of a replica that joins begins when it serves', async () => {
    const { engine } = await openRegion('us-east-1')
    const creating = { register: 'replica/us-east-1', value: { status: 'CREATING' } }
    const table = await makeTable(engine, 't', { replicas: ['eu-west-1'], more: [settings('one'), creating] })
    expect(engine.streams.all()).toEqual([])
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.define(table.id, [{ register: 'replica/us-east-1', value: { status: 'ACTIVE' } }])
    expect(openGeneration(streamOf(engine))?.after).toBe(engine.flushed())
    await engine.commit([put(table, itemOf('b', 1))])
    expect(changesIn(engine)).toHaveLength(1)
    // It is to be filled again: what comes meanwhile is not served, and is in no shard.
    await engine.define(table.id, [creating])
    expect(openGeneration(streamOf(engine))).toBeUndefined()
    await engine.commit([put(table, itemOf('c', 1))])
    await engine.define(table.id, [{ register: 'replica/us-east-1', value: { status: 'ACTIVE' } }])
    expect(streamOf(engine).generations).toHaveLength(2)
    expect(changesIn(engine)).toHaveLength(1)
  })

  test('ends a shard and begins its child in one batch, or does neither', async () => {
    const store = new RefusingStore()
    const { engine } = await openRegion('us-east-1', store)
    const table = await makeTable(engine, 't', { more: [settings('one')] })
    const before = streamOf(engine)
    store.refuses = true
    await expect(engine.streams.roll(before.number)).rejects.toThrow()
    store.refuses = false
    expect(streamOf(engine)).toEqual(before)
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.streams.roll(before.number)
    const [parents, children] = [shardsOf(streamOf(engine)).slice(0, 4), shardsOf(streamOf(engine)).slice(4)]
    expect(parents.map(({ upTo }) => upTo)).toEqual(children.map(({ after }) => after))
    expect(children.map(({ parentId }) => parentId)).toEqual(parents.map(({ id }) => id))
    for (const { ending = '', id } of parents)
      for (const child of children) expect([child.starting > ending, child.id > id]).toEqual([true, true])
    expect(changesIn(engine)).toHaveLength(1)
  })

  test('gets more shards with the next roll when its table gets more throughput, and never fewer', async () => {
    const { engine } = await openRegion('us-east-1')
    const capacity = (writeUnits: number) => ({
      register: 'settings/capacity',
      value: { billingMode: 'PROVISIONED', provisioned: { readUnits: 1, writeUnits } },
    })
    const table = await makeTable(engine, 't', { more: [capacity(1500), settings('one')] })
    const counts = (): readonly number[] => streamOf(engine).generations.map(({ slices }) => slices)
    for (const units of [5000, 10]) {
      await engine.define(table.id, [capacity(units)])
      await engine.streams.roll(streamOf(engine).number)
    }
    expect(counts()).toEqual([2, 4, 4])
    const shards = shardsOf(streamOf(engine))
    expect(shards.slice(2, 6).map(({ parentId }) => shards.findIndex(({ id }) => id === parentId))).toEqual([
      0, 0, 1, 1,
    ])
  })

  test('goes on when its replica becomes a table of its own', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 't', { replicas: ['us-east-1', 'eu-west-1'], more: [settings('one')] })
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.detach(table.id, 'own')
    await engine.commit([put({ ...table, id: 'own' }, itemOf('b', 1))])
    expect(engine.streams.all()).toHaveLength(1)
    expect(changesIn(engine)).toHaveLength(2)
    expect(streamOf(engine).untilMs).toBeUndefined()
  })

  test('outlives its table, and goes when its time is over', async () => {
    const store = new MemoryStore()
    const { engine, clock } = await openRegion('us-east-1', store)
    const table = await makeTable(engine, 't', { more: [settings('one')] })
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.define(table.id, [{ register: 'local/status', value: { status: 'DELETING', sinceMs: startMs } }])
    await engine.removeTable(table.id)
    expect(streamOf(engine).untilMs).toBe(clock.wallMs())
    expect(changesIn(engine).map(told)).toMatchObject([{ event: 'INSERT' }])
    await engine.streams.expire(changesIn(engine)[0]?.position ?? 0)
    expect(changesIn(engine)).toEqual([])
    await engine.streams.expire(engine.flushed())
    expect(engine.streams.all()).toEqual([])
    expect([...store.keys({ from: Buffer.of(0x33), to: Buffer.of(0x35) })]).toEqual([])
  })

  test('of a store that an earlier version has written begins when its registers are looked at', async () => {
    const store = new MemoryStore()
    const { engine } = await openRegion('us-east-1', store)
    await makeTable(engine, 't', { more: [settings('one')] })
    await engine.close()
    const gone = [...store.keys({ from: Buffer.of(0x33), to: Buffer.of(0x36) })]
    await store.write(gone.map((key) => ({ key, value: undefined })))
    const again = await openRegion('us-east-1', store)
    const table = again.engine.tableNamed('t')
    expect(again.engine.streams.all()).toEqual([])
    await again.engine.define(table?.id ?? '', [])
    expect(openGeneration(streamOf(again.engine))).toBeDefined()
  })

  test('under a new epoch of the log has other shards', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 't', { more: [settings('one')] })
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.lineage.renew({ notes: [], after: 1 })
    const shards = shardsOf(streamOf(engine))
    expect(shards.map(({ ending }) => ending === undefined)).toEqual([...Array(4).fill(false), ...Array(4).fill(true)])
    expect(new Set(shards.map(({ tag }) => tag)).size).toBe(2)
  })

  test(differs('stream-retention-bytes'), async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 't', { more: [settings('one')] })
    const large = { v: { S: 'x'.repeat(300_000) } }
    engine.retention.hold({ name: 'streams', needs: () => ({ after: 0 }), caps: () => ({ bytesMax: 3 * 1024 * 1024 }) })
    for (let n = 0; n < 40; n++) await engine.commit([put(table, itemOf('a', n, large))])
    await engine.retention.trim()
    const held = engine.flushed() - engine.oldest() + 1
    // Ten of these are 3 MB; the marks are a MiB apart, and no more is held than was allowed.
    expect(held).toBeGreaterThanOrEqual(6)
    expect(held).toBeLessThanOrEqual(11)
    expect(engine.retention.beforeLastBytes(1e9)).toBe(0)
  })
})

class RefusingStore extends MemoryStore {
  refuses = false

  override async write(batch: readonly Edit[]): Promise<void> {
    if (this.refuses) throw new Error('refused')
    await super.write(batch)
  }
}
