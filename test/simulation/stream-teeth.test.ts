/** The teeth of the checker of change streams (stream-watch.ts), as in teeth.test.ts: each bug is put in from outside, and some seed must find it. */
import { afterEach, describe, it, vi } from 'vitest'
import type { ChangeStream, Shard } from '../../src/core/change-stream/change-stream.ts'
import type { StreamPage, StreamPart, VisitStreamRecord } from '../../src/engine/streams/stream-part.ts'
import { replace, restoreReplaced } from './replacing.ts'
import { expectFound } from './teeth.ts'

type Bug = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly seedsMax: number
  readonly knownSeed?: number
  readonly inject: () => void
}

const world = 9
const core = '../../src/core'
const engine = '../../src/engine'
const once = 'a stream has each change once'

/** A page in one turn. */
type Read = (state: unknown, part: StreamPart, visit: VisitStreamRecord) => Generator<undefined, StreamPage>

const bugs: readonly Bug[] = [
  {
    bug: 'a record is given twice, where a page ends',
    breaks: [once],
    seedsMax: 20,
    knownSeed: 6,
    inject: () =>
      replace(`${engine}/streams/stream-reader.ts`, ({ readStream }) => ({
        *readStream(state: unknown, part: StreamPart, visit: VisitStreamRecord): Generator<undefined, StreamPage> {
          const positions: number[] = []
          const { upTo } = yield* (readStream as Read)(state, part, (head, entry) => {
            positions.push(head.position)
            visit(head, entry)
          })
          return { upTo: positions.length > 1 ? (positions.at(-1) ?? upTo) - 1 : upTo }
        },
      })),
  },
  {
    bug: 'what is written just after the end of a shard is in none',
    breaks: [once, 'replaying a stream gives the table'],
    seedsMax: 40,
    knownSeed: 9,
    inject: () =>
      replace(`${core}/change-stream/change-stream.ts`, ({ shardsOf }) => ({
        shardsOf: (stream: ChangeStream) =>
          (shardsOf as (of: ChangeStream) => readonly Shard[])(stream).map((shard) =>
            shard.parentId === undefined ? shard : { ...shard, after: shard.after + 1 },
          ),
        shardWithId: (stream: ChangeStream, id: string) => {
          const shard = (shardsOf as (of: ChangeStream) => readonly Shard[])(stream).find((each) => each.id === id)
          return shard?.parentId === undefined ? shard : { ...shard, after: shard.after + 1 }
        },
      })),
  },
  {
    bug: 'the keys of a shard go on in one that is not its child',
    breaks: ['records of one item are in order'],
    seedsMax: 20,
    knownSeed: 4,
    inject: () =>
      replace(`${core}/change-stream/change-stream.ts`, ({ shardsOf }) => ({
        shardsOf: (stream: ChangeStream) => {
          const shards = (shardsOf as (of: ChangeStream) => readonly Shard[])(stream)
          const slices = stream.generations[0]?.slices ?? 1
          const sibling = (id: string): string | undefined => {
            const at = shards.findIndex((each) => each.id === id)
            return shards[at - (at % slices) + ((at + 1) % slices)]?.id
          }
          return shards.map((shard) => {
            const parentId = shard.parentId === undefined ? undefined : sibling(shard.parentId)
            return parentId === undefined ? shard : { ...shard, parentId }
          })
        },
      })),
  },
  {
    bug: 'the old image is the new one',
    breaks: ['a stream shows what was there'],
    seedsMax: 20,
    knownSeed: 6,
    inject: () =>
      replace(`${core}/change-stream/stream-record.ts`, ({ StreamRecords }) => ({
        StreamRecords: withoutOldImages(StreamRecords as RecordsClass),
      })),
  },
  {
    bug: 'a write that lost, or of which only the version vector is new, has a record',
    breaks: [once],
    seedsMax: 60,
    knownSeed: 2,
    inject: () =>
      replace(`${core}/change-stream/change-event.ts`, ({ changeEvent }) => ({
        changeEvent: (before: Buffer | undefined, after: Buffer) => {
          const event = (changeEvent as (a: Buffer | undefined, b: Buffer) => string | undefined)(before, after)
          const isTombstone = (row: Buffer | undefined): boolean => row === undefined || ((row[0] ?? 0) & 0x80) !== 0
          return event ?? (isTombstone(before) || isTombstone(after) ? undefined : 'MODIFY')
        },
      })),
  },
  {
    bug: 'a record is missing now and then',
    breaks: [once, 'a stream shows what was there', 'replaying a stream gives the table'],
    seedsMax: 40,
    knownSeed: 6,
    inject: () =>
      replace(`${engine}/streams/stream-book.ts`, ({ StreamBook }) => ({
        StreamBook: forgetful(StreamBook as BookClass),
      })),
  },
]

type RecordsClass = new (...of: unknown[]) => { write: VisitStreamRecord }

/** The new row stands in the place of the one before. */
function withoutOldImages(StreamRecords: RecordsClass): RecordsClass {
  return class extends StreamRecords {
    constructor(...of: unknown[]) {
      super(...of)
      const write = this.write.bind(this)
      this.write = (head, entry) => {
        const { rowStart, rowEnd } = head
        if (head.event !== 'MODIFY') return write(head, entry)
        const changed = Buffer.concat([entry.subarray(0, rowEnd), entry.subarray(rowStart, rowEnd)])
        write({ ...head, previousEnd: changed.length }, changed)
      }
    }
  }
}

type Opened = { readonly stream: ChangeStream; readonly generation: object }
type BookClass = new (...deps: unknown[]) => {
  add(group: unknown, open: Opened, key: Buffer, position: number): void
}

/** Of one record in sixteen the key is left out. */
function forgetful(StreamBook: BookClass): BookClass {
  return class extends StreamBook {
    override add(group: unknown, open: Opened, key: Buffer, position: number): void {
      if (position % 16 !== 0) super.add(group, open, key, position)
    }
  }
}

afterEach(() => {
  restoreReplaced()
  vi.resetModules()
})

describe('the simulator finds that', () => {
  for (const { bug, breaks, seedsMax, knownSeed, inject } of bugs)
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      replace(`${core}/assert.ts`, () => ({ assert: () => undefined }))
      inject()
      const { runSeed } = await import('./run.ts')
      const run = (seed: number) => runSeed({ seed, world, streams: true })
      await expectFound({ bug, breaks, knownSeed, seedsMax, run })
    })
})
