/**
 * Changes every byte of every value of a small store, one at a time, opens a region on it and uses it. The region must give the right answer, or
 * name the damaged record and serve the rest, or refuse the store as damaged; what can be made again must come back. LONGITUDE_DAMAGE_FLIPS says
 * how many bytes are changed, and `npm run chaos` changes many.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { type MemoryDisk, MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { decodeItem } from '../../src/core/item/item-bytes.ts'
import { bodyOffset, encodeRow } from '../../src/core/item/row.ts'
import { encodePrimaryKey } from '../../src/core/key/primary-key.ts'
import { wholeRange } from '../../src/core/key/key-range.ts'
import type { Table } from '../../src/core/table/table.ts'
import { inOneTurn } from '../../src/core/turns.ts'
import { DamagedRecord } from '../../src/engine/store/damaged-record.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { allRows, nameOfRecord } from '../../src/engine/store/keys.ts'
import {
  attributeNamed,
  batchFrom,
  del,
  itemOf,
  makeTable,
  openRegion,
  put,
  regionNames,
  replicate,
  TestClock,
} from '../unit/engine/region.ts'

const flips = Number(process.env['LONGITUDE_DAMAGE_FLIPS'] ?? 400)
const [us, eu] = regionNames
const everything = { from: Buffer.alloc(0), to: Buffer.of(0xff) }
const token = { name: 'a-token', digest: 'd'.repeat(32) }

let sound: MemoryDisk
/** The rows of the shared table as its other replica has them. */
const theirs = new Map<string, Buffer>()

beforeAll(async () => {
  const store = new MemoryStore()
  const [own, peer] = [(await openRegion(us, store)).engine, (await openRegion(eu)).engine]
  const stream = { register: 'settings/stream', value: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES', label: 'l' } }
  const options = { replicas: [us, eu], indexes: { 'by-color': {} }, more: [stream] } as const
  const table = await makeTable(own, 'shared', options)
  await replicate(own, peer)
  const other = await makeTable(peer, 'shared', options)
  const byColor = { partition: [attributeNamed('pk')], sort: [attributeNamed('color')] }
  const alone = await makeTable(own, 'alone', { indexes: { 'by-color': { kind: 'local', key: byColor } } })
  for (let n = 0; n < 4; n++) await own.commit([put(table, colored(n)), put(alone, colored(n))])
  await own.commit([del(table, itemOf('a', 3)), put(table, colored(1, 'blue'))])
  await own.commitOnce([put(alone, colored(7))], token)
  // A conflict, a change that cannot be right, and a setting that is overruled.
  await peer.commit([put(other, colored(2, 'theirs'))])
  await own.commit([put(table, colored(2, 'ours'))])
  await peer.define(other.id, [{ register: 'settings/stream', value: { ...stream.value, label: 'theirs' } }])
  await replicate(peer, own)
  const { changes, ...batch } = batchFrom(peer, 0)
  const wrong = { ...changes.at(-1)!, position: batch.upTo + 1, row: encodeRow(wrongRow), kind: 'item' as const }
  await own.apply({ ...batch, after: batch.upTo, upTo: batch.upTo + 1, changes: [wrong] }, 0)
  await own.setNote('a-note', { of: 'a reader', position: 12 })
  await own.regionNumbers.remember([7])
  for (const { key, value } of store.entries(allRows)) theirs.set(key.toString('hex'), value)
  await Promise.all([own.close(), peer.close()])
  sound = store.disk
})

const wrongRow = {
  stamp: { wallMs: 1, counter: 0, region: 2 },
  seen: [],
  tombstone: false,
  itemSizeBytes: 1,
  body: Buffer.from('{"pk":{"S":"x"}}'),
}

const colored = (n: number, color = `c${n % 2}`) => itemOf('a', n, { color: { S: color }, text: { S: 'x'.repeat(8) } })

/** What one step of the use says; an error of a damaged record is an answer too. */
type Answers = Map<string, unknown>

class Use {
  readonly answers: Answers = new Map()
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async step(name: string, ask: () => unknown): Promise<void> {
    try {
      this.answers.set(name, await ask())
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error
      this.answers.set(name, error)
    }
  }

  #table(name: string): Table {
    return this.#engine.tableNamed(name)!
  }

  #get(table: Table, n: number): unknown {
    const row = this.#engine.get(table, encodePrimaryKey(table.key, itemOf('a', n)))
    return row === undefined ? undefined : decodeItem(row.subarray(bodyOffset(row)))
  }

  #page(table: Table, index?: Table['indexes'][number]): readonly string[] {
    const plan = { table, range: wholeRange, forward: true, countOnly: false, fetchWhole: false }
    return inOneTurn(this.#engine.read(index === undefined ? plan : { ...plan, index })).items.map(String)
  }

  async reads(): Promise<void> {
    const engine = this.#engine
    for (const name of ['shared', 'alone']) {
      const table = this.#table(name)
      for (let n = 0; n < 9; n++) await this.step(`get ${name} ${n}`, () => this.#get(table, n))
      await this.step(`scan ${name}`, () => this.#page(table))
      await this.step(`index ${name}`, () => this.#page(table, table.indexes[0]))
      await this.step(`size ${name}`, () => [engine.size(table), engine.size(table, table.indexes[0])])
      const key = encodePrimaryKey(table.key, itemOf('a', 0))
      await this.step(`collection ${name}`, () => engine.collectionSizeBytes(table, key))
    }
  }

  async feeds(): Promise<void> {
    const engine = this.#engine
    await this.step('conflicts', () => engine.conflicts(0, 10))
    await this.step('set aside', () => engine.setAside(0, 10))
    await this.step('overruled', () => engine.overruled(0, 10))
    await this.step('note', () => engine.note('a-note'))
    await this.step('cursor', () => engine.cursor(eu))
    await this.step('numbers', () => engine.regionNumbers.known())
    await this.step('tables', () => engine.tables())
  }

  async writes(): Promise<void> {
    const [shared, alone] = [this.#table('shared'), this.#table('alone')]
    const committed = async (writes: Parameters<Engine['commit']>[0]) => (await this.#engine.commit(writes)).accepted
    for (const n of [0, 1, 2, 3, 8]) await this.step(`put ${n}`, () => committed([put(shared, colored(n, 'new'))]))
    await this.step('transaction', () => committed([put(alone, colored(8)), del(alone, itemOf('a', 1))]))
    await this.step('token', () => this.#engine.commitOnce([put(alone, colored(7))], token))
  }

  async log(): Promise<void> {
    await this.step('log', () => this.#engine.readLog(0, 1000, 1e9))
    await this.step('own log', () => {
      const bounds = { after: 0, upTo: this.#engine.flushed(), bytesMax: 1e9 }
      const positions: number[] = []
      this.#engine.visitOwnLog(bounds, ({ position }) => positions.push(position) > 0)
      return positions
    })
  }
}

const opened = async (disk: MemoryDisk) => (await openRegion(us, new MemoryStore({ disk }), { clock: later() })).engine

function later(): TestClock {
  const clock = new TestClock()
  clock.wall += 1000
  return clock
}

async function used(engine: Engine): Promise<Answers> {
  const use = new Use(engine)
  await use.reads()
  await use.feeds()
  await use.log()
  await use.writes()
  return use.answers
}

/** Puts right what can be: rows from the other replica, and what follows from rows by an audit. */
async function repaired(engine: Engine, disk: MemoryDisk, key: Buffer): Promise<void> {
  const right = theirs.get(key.toString('hex'))
  const table = engine.tables().find(({ number }) => key[0] === 0x10 && key.readUInt32BE(1) === number)
  const found = disk.map.get(key)
  if (table !== undefined && right !== undefined && found !== undefined && table.name === 'shared')
    await engine.mend(table.id, key.subarray(5), { found: Buffer.from(found), row: right })
  for (const { id } of engine.tablesToAudit()) await engine.audit(id)
}

type Outcome = 'refused' | 'right' | 'named'

async function outcomeOf(key: Buffer, value: Buffer, expected: readonly Answers[]): Promise<Outcome> {
  const disk = sound.copy()
  disk.map.set(key, value)
  let engine: Engine
  try {
    engine = await opened(disk)
  } catch (error) {
    if (error instanceof DamagedRecord) return 'refused'
    throw error
  }
  const answers = await used(engine)
  expect(wrongIn(answers, { expected: expected[0]!, engine, key })).toEqual([])
  await repaired(engine, disk, key)
  const after = new Use(engine)
  await after.reads()
  // A damaged row was not written to, so it is as its peer has it, and not as the others say.
  const isRow = key[0] === 0x10
  if (!isRow) expect(wrongIn(after.answers, { expected: expected[1]!, engine, key })).toEqual([])
  const isLost = isRow && key.readUInt32BE(1) !== engine.tableNamed('shared')?.number
  if (!isLost) expect([...after.answers].filter(([, answer]) => answer instanceof DamagedRecord)).toEqual([])
  const outcome = engine.damage.count > 0 ? 'named' : 'right'
  await engine.close()
  // A damaged log is not opened again.
  if (key[0] === 0x30 && outcome === 'named') await expect(opened(disk)).rejects.toThrow(DamagedRecord)
  return outcome
}

type Judged = { readonly expected: Answers; readonly engine: Engine; /** What was damaged. */ readonly key: Buffer }

/** Answers that are neither right nor the error that names the damaged record. What a feed leaves out is named as well. */
function wrongIn(answers: Answers, { expected, engine, key }: Judged): readonly string[] {
  const isNamed = engine.damage.names().includes(nameOfRecord(key))
  return [...answers].flatMap(([name, answer]) => {
    if (answer instanceof DamagedRecord && isNamed && answer.key.equals(key)) return []
    if (isEqual(answer, expected.get(name))) return []
    const isFeed = ['conflicts', 'set aside', 'overruled'].includes(name)
    if (isFeed && isNamed && (answer as unknown[]).length < (expected.get(name) as unknown[]).length) return []
    return [`${name}: ${text(answer)} for ${text(expected.get(name))}`]
  })
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing'
const isEqual = (a: unknown, b: unknown): boolean => text(a) === text(b)

describe('a store with one changed byte', () => {
  it(
    'is answered from rightly, or the record is named, or it is refused as damaged',
    { timeout: 600_000 },
    async () => {
      const engine = await opened(sound.copy())
      const whole = await used(engine)
      expect([...whole.values()].filter((answer) => answer instanceof Error)).toEqual([])
      const afterwards = new Use(engine)
      await afterwards.reads()
      await engine.close()

      const values = [...new MemoryStore({ disk: sound }).entries(everything)]
      const bytes = values.reduce((sum, { value }) => sum + value.length, 0)
      const stride = Math.max(1, bytes / flips)
      const counts = { refused: 0, right: 0, named: 0 }
      for (let at = 0, next = 0, n = 0; n < values.length; n++) {
        const { key, value } = values[n]!
        for (let place = 0; place < value.length; place++, at++) {
          if (at < next) continue
          next += stride
          for (const change of [0xff, 1 << (place % 8), 3]) {
            const changed = Buffer.from(value)
            changed[place] = changed[place]! ^ change
            const where = `${nameOfRecord(key)}, byte ${place} ^ ${change}`
            const outcome = await outcomeOf(key, changed, [whole, afterwards.answers]).catch((error: unknown) => {
              throw new Error(`${where}: ${error instanceof Error ? error.stack : String(error)}`)
            })
            counts[outcome]++
          }
        }
      }
      expect(counts.refused).toBeGreaterThan(0)
      expect(counts.named).toBeGreaterThan(counts.right)
    },
  )
})
