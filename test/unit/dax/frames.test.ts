/**
 * What a DAX client sends, cut into requests and read. `npm run fuzz:dax` reads a million changed ones; a failure prints its seed, and
 * LONGITUDE_DAX_SEED begins with it.
 */
import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameReader, UnknownMethod } from '../../../src/cache/dax/dax-frames.ts'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { UnreadableCbor } from '../../../src/core/cbor/major-types.ts'
import { UnknownAttributeList } from '../../../src/core/dax/codec/item-codec.ts'
import { daxGreetingBytesMax, daxRequestBytesMax } from '../../../src/core/limits/dax-limits.ts'
import { readRequest } from '../../../src/core/dax/requests/read-request.ts'
import { magic } from '../../../src/core/dax/protocol.ts'
import { seeded } from '../../conformance/malformed.ts'
import { frame, greeting, sampleFrames, sampleLists, sampleSchema } from './sample-frames.ts'

/** Of Amazon's client: what it makes of an answer. */
const { Custom_batchGetItem_N697851100_1_Assembler: BatchAssembler } = createRequire(import.meta.url)(
  '@amazon-dax-sdk/client-dax/src/CustomAssemblers',
) as Readonly<Record<string, new (request: object) => { feed(bytes: Buffer): unknown }>> & {
  readonly Custom_batchGetItem_N697851100_1_Assembler: new (request: object) => { feed(bytes: Buffer): unknown }
}

const frames = Number(process.env['LONGITUDE_DAX_FRAMES'] ?? 8000)
const firstSeed = Number(process.env['LONGITUDE_DAX_SEED'] ?? 1)
const context = { lists: sampleLists, schemaOf: () => sampleSchema }

function read({ method, bytes, valuesAt }: Frame) {
  return readRequest(method, new CborReader(bytes.subarray(valuesAt)), context)
}

describe('the requests of a connection', () => {
  it('are found, in whatever pieces they arrive', () => {
    const all = Buffer.concat([greeting(), ...sampleFrames])
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 300 })), (sizes) => {
        const reader = new FrameReader()
        const found: Buffer[] = []
        for (let at = 0; at < all.length;) {
          const size = sizes.next().value as number
          reader.add(Buffer.from(all.subarray(at, at + size)))
          at += size
          for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(Buffer.from(next.bytes))
        }
        expect(found).toEqual(sampleFrames)
      }),
    )
  })

  it('are read as DynamoDB has them', () => {
    const reader = new FrameReader()
    reader.add(Buffer.concat([greeting(), ...sampleFrames]))
    const inputs: unknown[] = []
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      const request = read(next)
      if (request !== undefined) inputs.push([request.operation, request.input])
    }
    const key = { pk: { S: 'a' }, sk: { N: '-1.5' } }
    const attributes = { a: { N: '1' }, b: { L: [{ S: 'x' }, { BOOL: true }] } }
    const names = {
      ExpressionAttributeNames: { '#0': 'pk', '#1': 'a' },
      ExpressionAttributeValues: { ':0': { S: 'v' } },
    }
    const condition = '#0 = :0 AND NOT attribute_exists(#1)'
    const update = {
      UpdateExpression: 'SET #0 = :0 REMOVE #1',
      ExpressionAttributeNames: { '#0': 'a', '#1': 'b' },
      ExpressionAttributeValues: { ':0': { N: '5' } },
    }
    const shown = { ProjectionExpression: '#0', ExpressionAttributeNames: { '#0': 'a' } }
    const TableName = 'Things'
    expect(inputs).toEqual([
      ['GetItem', { TableName, Key: key }],
      ['GetItem', { TableName, Key: key, ConsistentRead: true, ...shown }],
      [
        'PutItem',
        {
          TableName,
          Item: { ...key, ...attributes },
          ReturnValues: 'ALL_OLD',
          ConditionExpression: condition,
          ...names,
        },
      ],
      ['UpdateItem', { TableName, Key: key, ...update }],
      ['DeleteItem', { TableName, Key: key }],
      ['Query', { TableName, Limit: 2, KeyConditionExpression: condition, ExclusiveStartKey: key, ...names }],
      ['Scan', { TableName, FilterExpression: condition, ...names }],
      ['BatchGetItem', { RequestItems: { Things: { ConsistentRead: false, Keys: [key], ...shown } } }],
      [
        'BatchWriteItem',
        {
          RequestItems: {
            Things: [{ PutRequest: { Item: { ...key, ...attributes } } }, { DeleteRequest: { Key: key } }],
          },
        },
      ],
      ['TransactGetItems', { TransactItems: [{ Get: { TableName, Key: key } }] }],
      [
        'TransactWriteItems',
        {
          ClientRequestToken: 'a-token',
          TransactItems: [
            { Put: { TableName, Item: { ...key, ...attributes }, ConditionExpression: condition, ...names } },
            { Update: { TableName, Key: key, ...update, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
          ],
        },
      ],
    ])
  })

  it('of a batch are answered with what was found, and with the keys that were left', () => {
    const reader = new FrameReader()
    reader.add(
      Buffer.concat([
        greeting(),
        frame('batchGetItem', (writer) => writer.map(1).text('Things').array(3).boolean(false).null().array(0).null()),
      ]),
    )
    const request = read(reader.next() as Frame)
    const item = { pk: { S: 'a' }, sk: { N: '10' }, a: { S: 'found' } }
    const key = { pk: { S: 'left' }, sk: { N: '-2' } }
    const writer = new CborWriter().array(0)
    request?.write(writer, {
      Responses: { Things: [item] },
      UnprocessedKeys: { Things: { Keys: [key] } },
      ConsumedCapacity: [{ TableName: 'Things', CapacityUnits: 0.5 }],
    })
    const asked = { RequestItems: { Things: { Keys: [key], ConsistentRead: true } }, ReturnConsumedCapacity: 'TOTAL' }
    const [pk, sk] = [...sampleSchema.partition, ...sampleSchema.sort].map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    }))
    const assembler = new BatchAssembler({ ...asked, _tableProjOrdinals: {}, _keysPerTable: { Things: [pk, sk] } })
    const list = sampleLists.listOf(['a'])
    expect(assembler.feed(writer.finish())).toEqual({
      Responses: { Things: [{ pk: item.pk, sk: item.sk, _attrListId: list.id, _anonymousAttributeValues: [item.a] }] },
      UnprocessedKeys: { Things: { Keys: [key], ConsistentRead: true } },
      ConsumedCapacity: [{ TableName: 'Things', CapacityUnits: 0.5 }],
    })
  })

  it.each<[string, Buffer]>([
    ['something else than a greeting', Buffer.from('GET / HTTP/1.1\r\n')],
    ['another magic', new CborWriter().text(`${magic}x`).finish()],
    [
      'a greeting that does not end',
      Buffer.concat([
        Buffer.from([0x67]),
        Buffer.from(magic),
        new CborWriter().integer(0).bytes(Buffer.alloc(daxGreetingBytesMax)).finish().subarray(0, -1),
      ]),
    ],
    [
      'a value that is larger than a request may be',
      Buffer.concat([
        greeting(),
        frame('endpoints'),
        frame('scan', (writer) => writer.raw(Buffer.from([0x5a, 0x7f, 0xff, 0xff, 0xff]))),
      ]),
    ],
    ['a method that DAX does not have', Buffer.concat([greeting(), new CborWriter().integer(1).integer(5).finish()])],
    ['another service', Buffer.concat([greeting(), new CborWriter().integer(2).integer(263244906).finish()])],
  ])('end with %s', (_, bytes) => {
    const reader = new FrameReader()
    reader.add(bytes)
    expect(() => {
      while (reader.next() !== undefined);
    }).toThrow(/./)
  })

  it('hold no more than a request may have', () => {
    const reader = new FrameReader()
    reader.add(Buffer.concat([greeting(), frame('transactWriteItems')]))
    const piece = new CborWriter().bytes(Buffer.alloc(4 * 1024 * 1024)).finish()
    expect(() => {
      for (let n = 0; n < 8; n++) {
        reader.add(piece)
        reader.next()
        expect(reader.sizeBytes).toBeLessThan(daxRequestBytesMax + 2 * piece.length)
      }
    }).toThrow(UnreadableCbor)
  })

  it(`are read or refused, whatever is changed in ${frames} of them`, { timeout: 6 * 60 * 60 * 1000 }, () => {
    const outcomes = { read: 0, refused: 0 }
    for (let seed = firstSeed; seed < firstSeed + frames; seed++) {
      const bytes = changed(seed)
      try {
        const reader = new FrameReader()
        reader.add(greeting())
        reader.next()
        reader.add(bytes)
        for (let next = reader.next(); next !== undefined; next = reader.next()) read(next)
        outcomes.read++
      } catch (error) {
        const isRefusal =
          error instanceof UnreadableCbor || error instanceof UnknownMethod || error instanceof UnknownAttributeList
        if (!isRefusal) throw new Error(`seed ${seed}: ${(error as Error).stack}`, { cause: error })
        outcomes.refused++
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(frames / 100)
  })
})

/** One of the samples with some bytes changed, left out, repeated or put in. */
function changed(seed: number): Buffer {
  const random = seeded(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const bytes = [...(sampleFrames[below(sampleFrames.length)] as Buffer)]
  for (let n = 1 + below(3); n > 0; n--) {
    const at = below(bytes.length)
    const kind = below(4)
    if (kind === 0) bytes[at] = below(256)
    else if (kind === 1) bytes.splice(at, 1 + below(4))
    else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(at, at + 1 + below(8)))
    else bytes.splice(at, 0, below(256))
  }
  return Buffer.from(bytes)
}
