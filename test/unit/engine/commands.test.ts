import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { checksum } from '../../../src/core/checksum.ts'
import { UnreadableCommand } from '../../../src/core/write/write-codec.ts'
import type { Write } from '../../../src/core/write/write.ts'
import { everyRegion } from '../../../src/core/hybrid-logical-clock/stamp.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Command } from '../../../src/engine/commands/command.ts'
import { decodeCommand, encodeCommand } from '../../../src/engine/commands/codec/command-codec.ts'
import { catalogKey, identityKey, lineageKey } from '../../../src/engine/store/keys.ts'
import { LocalOrder } from '../../../src/engine/order/local-order.ts'
import type { Order, Ordered } from '../../../src/ports/order.ts'
import { KeptOrder } from './kept-order.ts'
import {
  batchFrom,
  del,
  indexValue,
  itemOf,
  makeTable,
  openRegion,
  put,
  startMs,
  tableEdits,
  TestClock,
} from './region.ts'

/** All of a disk less what names the store and its processes, and less the number of flushes that changed a table. */
function bytesOf(disk: MemoryDisk): readonly string[] {
  const all = { from: Buffer.alloc(0), to: Buffer.of(0xff) }
  return [...disk.map.entries(all)]
    .filter(({ key }) => ![identityKey, lineageKey, catalogKey].some((own) => own.equals(Buffer.from(key))))
    .map(({ key, value }) => `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`)
}

const colors = ['red', 'blue', 'green'] as const
type Step =
  | { readonly do: 'put' | 'delete' | 'update'; readonly sk: number; readonly color: string }
  | { readonly do: 'each' | 'commit' | 'once'; readonly sks: readonly number[]; readonly color: string }
  | { readonly do: 'peer'; readonly sk: number; readonly color: string }
  | { readonly do: 'wait' | 'forget' | 'horizon' | 'follow'; readonly ms: number }
  | { readonly do: 'empty' }
const sk = fc.nat({ max: 5 })
const color = fc.constantFrom(...colors)
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('put' as const, 'delete' as const, 'update' as const), sk, color }),
    fc.record({
      do: fc.constantFrom('each' as const, 'commit' as const, 'once' as const),
      sks: fc.uniqueArray(sk, { minLength: 1, maxLength: 4 }),
      color,
    }),
    fc.record({ do: fc.constant('peer' as const), sk, color }),
    fc.record({
      do: fc.constantFrom('wait' as const, 'forget' as const, 'horizon' as const),
      ms: fc.nat({ max: 5000 }),
    }),
    fc.record({ do: fc.constant('follow' as const), ms: fc.nat({ max: 50 }) }),
    fc.record({ do: fc.constant('empty' as const) }),
  ),
  { minLength: 1, maxLength: 25 },
)

const tableId = 'id-t'
const indexes = { one: {}, two: { id: 'two', kind: 'local' as const, key: indexKey() } }
function indexKey() {
  return { partition: [{ name: 'pk', type: 'S' as const }], sort: [{ name: 'color', type: 'S' as const }] }
}
const edits = tableEdits('t', { replicas: ['us-east-1', 'eu-west-1'], indexes })

describe('one order, several processes', () => {
  test('processes that follow it hold the same bytes, whatever their clocks and flushes', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (given, isRemoved) => {
        const peer = await openRegion('eu-west-1')
        const theirs = await makeTable(peer.engine, 't', { replicas: ['us-east-1', 'eu-west-1'], indexes })
        let nowMs = startMs
        const order = new KeptOrder(() => nowMs)
        const disks = [new MemoryDisk(), new MemoryDisk()]
        const processes = []
        for (const [n, disk] of disks.entries()) {
          const clock = new TestClock()
          clock.wall += n * 100_000
          const options = { clock, order: order.forProcess() }
          processes.push(await openRegion('us-east-1', new MemoryStore({ disk }), options))
        }
        const [first] = processes
        if (first === undefined) return
        const { engine } = first
        await engine.setCursor('eu-west-1', { epoch: peer.engine.epoch, position: 0, sequence: 0 })
        await engine.define(tableId, edits)
        const table = engine.tableNamed('t')
        if (table === undefined) throw new Error('the table is there')
        const colored = (n: number, c: string) => itemOf('p', n, { color: { S: c } })
        const keepHouse = async (of: Engine, { do: what, ms }: Extract<Step, { ms: number }>): Promise<void> => {
          const upTo = { wallMs: nowMs - ms, counter: 0, region: everyRegion }
          if (what === 'wait') nowMs += ms
          else if (what === 'follow') of.followClock({ wallMs: nowMs + ms, counter: 3 })
          else if (what === 'horizon') await of.raiseHorizon(tableId, upTo)
          else await of.removeTombstones(tableId, upTo, 3)
        }
        for (const step of given)
          if ('ms' in step) await keepHouse(engine, step)
          else if (step.do === 'empty') await engine.emptyTable(tableId)
          else if ('sks' in step) {
            const writes = step.sks.map((each) => put(table, colored(each, step.color)))
            if (step.do === 'each') void engine.commitEach(writes)
            else if (step.do === 'commit') void engine.commit(writes)
            else await engine.commitOnce(writes, { name: step.color, digest: step.sks.join() })
          } else if (step.do === 'peer') {
            await peer.engine.commit([put(theirs, colored(step.sk, step.color))])
            await engine.apply(batchFrom(peer.engine, engine.cursor('eu-west-1')?.position ?? 0), 0)
          } else if (step.do === 'put') void engine.commit([put(table, colored(step.sk, step.color))])
          else if (step.do === 'delete') void engine.commit([del(table, itemOf('p', step.sk))])
          else void engine.commit([incremented(del(table, itemOf('p', step.sk)))])
        await engine.submit({ kind: 'commit', writes: [put(table, colored(9, 'last'))], cause: 'client' })
        if (isRemoved) {
          await engine.emptyTable(tableId)
          await engine.removeTable(tableId)
        }
        order.deliver()
        for (const each of processes) await each.engine.setNote('flushed', 1)
        const [mine, other] = disks.map(bytesOf)
        expect(other).toEqual(mine)
        expect(mine?.length).toBeGreaterThan(5)
      }),
      { numRuns: 60 },
    )
  }, 120_000)
})

const incremented = ({ table, key, keyAttributes }: Write): Write => ({
  kind: 'update',
  table,
  key,
  keyAttributes,
  update: { actions: [{ action: 'add', path: ['n'], value: { N: '1' } }] },
})

const stamp = { wallMs: startMs, counter: 1, region: 2 }
const rows = [{ key: Buffer.from('k'), row: Buffer.alloc(40, 1) }]
const write: Write = { kind: 'delete', table: 't', key: Buffer.from('k'), keyAttributes: { pk: { S: 'k' } } }
const commands: readonly Command[] = [
  { kind: 'commit', writes: [write], cause: 'ttl' },
  { kind: 'each', writes: [write, { ...write, key: Buffer.from('other') }], cause: 'client' },
  { kind: 'once', writes: [write], token: { name: 'name', digest: 'digest' } },
  {
    kind: 'apply',
    sequence: 7,
    batch: {
      origin: 'eu-west-1',
      epoch: 'e',
      after: 3,
      upTo: 9,
      proof: { at: 9, of: 'pstart' },
      changes: [
        {
          position: 4,
          group: 4,
          kind: 'item',
          table: 't',
          ownNumber: 2,
          key: Buffer.from('k'),
          row: Buffer.from('row'),
        },
        {
          position: 5,
          group: 4,
          kind: 'register',
          table: 't',
          ownNumber: 3,
          key: Buffer.from('r'),
          row: Buffer.from('x'),
        },
      ],
    },
  },
  { kind: 'merge', table: 't', rows, restored: true },
  { kind: 'registers', table: 't', rows },
  { kind: 'mend', table: 't', key: Buffer.from('k'), mending: { found: undefined, row: Buffer.from('row') } },
  { kind: 'define', table: 't', edits: [...edits, { register: 'index/one', value: indexValue({}) }] },
  { kind: 'detach', table: 't', own: 'own' },
  { kind: 'roll', stream: 7 },
  { kind: 'forget', table: 't', upTo: stamp, deletes: [{ key: Buffer.from('k'), stamp }] },
  { kind: 'horizon', table: 't', upTo: stamp },
  { kind: 'drop', table: 't', keys: [Buffer.from('k'), Buffer.from('other')] },
  { kind: 'forgetRegisters', table: 't', horizon: { upTo: stamp, left: ['eu-west-1'] } },
  { kind: 'followForgetting', table: 't', forgotten: { upTo: stamp, has: ['index/one'] } },
  { kind: 'removeRegisters', table: 't' },
  {
    kind: 'cursor',
    origin: 'eu-west-1',
    cursor: { epoch: 'e', position: 9, sequence: 4, proof: { at: 9, of: 'pstart' } },
    notes: [
      ['a', { b: 1 }],
      ['gone', undefined],
    ],
  },
  { kind: 'clock', seen: { wallMs: startMs, counter: 2 } },
]

describe('a command as bytes', () => {
  test.each(commands)('$kind is read as it was', (command) => {
    expect(decodeCommand(encodeCommand(command))).toEqual(command)
  })

  test('a changed byte is found', () => {
    for (const command of commands) {
      const bytes = encodeCommand(command)
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ 0x10
        expect(() => decodeCommand(changed)).toThrow(UnreadableCommand)
      }
    }
  })

  test('bytes made to fit are read as a command, or refused by name', () => {
    const changed = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...commands), changed, fc.nat(), (command, changes, cut) => {
        const whole = Buffer.from(encodeCommand(command))
        for (const [at, byte] of changes) whole[5 + (at % (whole.length - 5))] = byte
        const bytes = cut % 4 === 0 ? whole.subarray(0, 5 + (cut % (whole.length - 5))) : whole
        bytes.writeUInt32BE(checksum(bytes, 5, bytes.length), 1)
        try {
          decodeCommand(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableCommand)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe.each([['of one process', () => new LocalOrder<string>({ wallMs: () => startMs }) as Order<string>]])(
  'an order %s',
  (_, make) => {
    test('gives each command once, in the order of their places, before its place is told', async () => {
      const order = make()
      const taken: Ordered<string>[] = []
      order.follow(0, (ordered) => void taken.push(ordered))
      for (const command of ['a', 'b', 'c']) {
        const sequence = await order.append(command)
        expect(taken.at(-1)).toEqual({ sequence, atMs: startMs, command, isOwn: true })
      }
      expect(taken.map(({ sequence, command }) => `${sequence}${command}`)).toEqual(['1a', '2b', '3c'])
      expect(await order.barrier()).toBe(3)
    })
  },
)
