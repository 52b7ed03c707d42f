/** What is done to the port of Amazon's DAX clients, whose requests are CBOR. */
import { CborWriter } from '../../src/core/cbor/cbor-writer.ts'
import { AttributeLists } from '../../src/core/dax/codec/attribute-lists.ts'
import type { MethodName } from '../../src/core/dax/protocol.ts'
import { frame } from '../unit/dax/sample-frames.ts'
import { answerMsMax, type Attack, type Entrance, many, MB, scaled, type Strength } from './acts.ts'
import { Line, note, pause, type Tally } from './line.ts'

const table = Buffer.from('attacked')
const key = Buffer.from('large')
const nullByte = 0xf6
const emptyArrayByte = 0x80
const nothing = Buffer.from([nullByte])

const getItem = frame('getItem', (writer) => writer.bytes(table).bytes(key).null())
const scan = frame('scan', (writer) => writer.bytes(table).null())
const listOfV = new AttributeLists().listOf(['v'])
const defineV = frame('defineAttributeListId', (writer) => writer.array(1).text('v'))

/** An item whose one attribute is a list of so many values of one byte. */
function crowded(values: number, byte: number): Buffer {
  const head = new CborWriter().integer(listOfV.id).array(values).finish()
  return Buffer.concat([head, Buffer.alloc(values, byte)])
}

const putItem = (item: Buffer): Buffer =>
  frame('putItem', (writer) => writer.bytes(table).bytes(key).bytes(item).null())

/** A head of CBOR that promises so many bytes. */
const promised = (method: MethodName, head: readonly number[]): Buffer =>
  Buffer.concat([frame(method), Buffer.from(head)])

export const daxAttacks: readonly Attack[] = [
  dax('items of millions of values of a byte each', async (open, { part }) => {
    for (const byte of [nullByte, emptyArrayByte])
      await many(scaled(20, part), async () => {
        const line = await open(
          Buffer.concat([defineV, putItem(crowded(scaled(2_000_000, Math.min(1, 4 * part)), byte))]),
        )
        await line.bytes(10, answerMsMax)
        line.end()
      })
    const line = await open(
      Buffer.concat([defineV, putItem(crowded(scaled(15_000_000, Math.min(1, 4 * part)), nullByte))]),
    )
    await line.bytes(10, answerMsMax)
    line.end()
  }),
  dax('requests that are larger, deeper or longer than any', async (open, { part }) => {
    const endless = [
      promised('getItem', [0x5b, 0, 0, 1, 0, 0, 0, 0, 0]),
      promised('batchGetItem', [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      promised('defineAttributeListId', [0x9b, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]),
      promised(
        'transactGetItems',
        Array.from({ length: 100_000 }, () => 0x9f),
      ),
      promised(
        'getItem',
        Array.from({ length: 100_000 }, () => 0xc6),
      ),
      Buffer.concat([frame('getItem'), Buffer.from([0x5a, 1, 0x10, 0, 0]), Buffer.alloc(17 * MB)]),
    ]
    for (const bytes of endless)
      await many(scaled(20, part), async () => {
        const line = await open(bytes)
        await line.bytes(1, 1000)
        line.end()
      })
  }),
  dax('no greeting, no DAX, no authorization', async (_, { part }, tally, entrance) => {
    const openings = ['POST / HTTP/1.1\r\nHost: localhost\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00', 'x'.repeat(100_000)]
    for (const text of openings)
      await many(scaled(50, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(text)
        await line.bytes(1, 500)
        line.end()
      })
    const forged = frame('authorizeConnection', (writer) =>
      writer.text('x'.repeat(100_000)).text('').bytes(Buffer.alloc(100_000)).text('x'.repeat(100_000)).null(),
    )
    const opening = entrance.opening()
    const greeting = opening.subarray(0, opening.indexOf(frame('authorizeConnection')))
    for (const bytes of [getItem, Buffer.concat([forged, getItem]), Buffer.alloc(50_000, nothing)]) {
      const line = new Line(entrance.endpoint, tally)
      await line.write(Buffer.concat([greeting, bytes]))
      await line.bytes(1, 1000)
      line.end()
    }
  }),
  dax('1,000 connections that say nothing, or half a request', async (open, { part, holdMs }, tally, entrance) => {
    await many(scaled(1000, part), async () => {
      const line = new Line(entrance.endpoint, tally)
      await pause(holdMs)
      note(tally, line.open ? 'still open' : 'let go')
      line.end()
    })
    const half = putItem(crowded(2 * MB, nullByte)).subarray(0, MB)
    await many(scaled(200, part), async () => {
      const line = await open(half)
      await pause(holdMs)
      note(tally, line.open ? 'still open' : 'let go')
      line.end()
    })
  }),
  dax('10,000 requests in one packet, and answers that are not read', async (open, { part, holdMs }, tally) => {
    await many(scaled(20, part), async () => {
      const line = await open(Buffer.concat(Array.from({ length: scaled(10_000, part) }, () => getItem)))
      await line.bytes(1000, answerMsMax)
      line.end()
    })
    await many(scaled(60, part), async () => {
      const line = await open(getItem)
      line.deafen()
      await line.write(Buffer.concat(Array.from({ length: 20 }, () => scan)))
      await pause(holdMs)
      note(tally, line.open ? 'unread' : 'let go')
      line.end()
    })
  }),
  dax('lists of 100,000 attribute names', async (open, { part }) => {
    await many(scaled(40, part), async () => {
      const names = Array.from({ length: 100_000 }, () => Math.random().toString(36).slice(2))
      const line = await open(
        frame('defineAttributeListId', (writer) => {
          writer.array(names.length)
          for (const name of names) writer.text(name)
        }),
      )
      await line.bytes(1, answerMsMax)
      line.end()
    })
  }),
]

type Open = (bytes: Buffer) => Promise<Line>
type Run = (open: Open, strength: Strength, tally: Tally, entrance: Entrance) => Promise<void>

/** `open` greets, authorizes and writes. */
function dax(name: string, run: Run): Attack {
  return {
    name: `DAX: ${name}`,
    at: ['dax'],
    run: async (entrance, strength, tally) => {
      const open: Open = async (bytes) => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(Buffer.concat([entrance.opening(), bytes]))
        return line
      }
      await run(open, strength, tally, entrance)
    },
  }
}
