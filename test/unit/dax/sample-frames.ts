/** Requests of every method as bytes, and what a client sends before them. */
import { AttributeLists } from '../../../src/core/dax/codec/attribute-lists.ts'
import { encodeAttributes } from '../../../src/core/dax/codec/item-codec.ts'
import { encodeKey } from '../../../src/core/dax/codec/key-codec.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { magic, type MethodName, methods, option, serviceId } from '../../../src/core/dax/protocol.ts'
import type { KeySchema } from '../../../src/core/table/table.ts'

export const sampleSchema: KeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'N' }] }
export const sampleLists = new AttributeLists()
const list = sampleLists.listOf(['a', 'b'])

export function greeting(layering = 0): Buffer {
  return new CborWriter()
    .text(magic)
    .integer(layering)
    .null()
    .map(1)
    .text('UserAgent')
    .text('a test')
    .integer(0)
    .finish()
}

/** A request with its values, which `values` writes. */
export function frame(method: MethodName, values: (writer: CborWriter) => void = () => {}): Buffer {
  const writer = new CborWriter().integer(serviceId).integer(methods[method].id)
  values(writer)
  return writer.finish()
}

export function authorization(
  accessKeyId = 'anyone',
  signature = '00',
  stringToSign = 'AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/us-east-1/dax/aws4_request\nhash',
  token?: string,
): Buffer {
  return frame('authorizeConnection', (writer) => {
    writer.text(accessKeyId).text(signature).bytes(Buffer.from(stringToSign))
    if (token === undefined) writer.null().null()
    else writer.text(token).null()
  })
}

const table = Buffer.from('Things')
const key = encodeKey({ pk: { S: 'a' }, sk: { N: '-1.5' } }, sampleSchema)
const attributes = encodeAttributes({ a: { N: '1' }, b: { L: [{ S: 'x' }, { BOOL: true }] } }, list)
const path = (writer: CborWriter, name: string): CborWriter => writer.array(2).integer(18).text(name)

/** `pk = :v AND NOT attribute_exists(a)` */
const condition = (() => {
  const writer = new CborWriter().array(3).integer(1).array(3).integer(6)
  path(writer.array(3).integer(0), 'pk').array(2).integer(17).integer(0)
  path(writer.array(2).integer(8).array(2).integer(11), 'a')
  return writer.array(1).text('v').finish()
})()
/** `SET a = :v REMOVE b` */
const update = (() => {
  const writer = new CborWriter().array(3).integer(1).array(2)
  path(writer.array(3).integer(19), 'a').array(2).integer(17).integer(0)
  path(writer.array(2).integer(22), 'b')
  return writer.array(1).integer(5).finish()
})()
const projection = path(new CborWriter().array(2).integer(1).array(1), 'a').finish()

/** One of each method of the data plane, and of those around it. */
export const sampleFrames: readonly Buffer[] = [
  authorization(),
  frame('endpoints'),
  frame('defineKeySchema', (writer) => writer.bytes(table)),
  frame('defineAttributeListId', (writer) => writer.array(2).text('a').text('b')),
  frame('defineAttributeList', (writer) => writer.integer(list.id)),
  frame('getItem', (writer) => writer.bytes(table).bytes(key).null()),
  frame('getItem', (writer) =>
    writer
      .bytes(table)
      .bytes(key)
      .openMap()
      .integer(option.projection)
      .bytes(projection)
      .integer(option.consistentRead)
      .boolean(true)
      .close(),
  ),
  frame('putItem', (writer) =>
    writer
      .bytes(table)
      .bytes(key)
      .bytes(attributes)
      .openMap()
      .integer(option.condition)
      .bytes(condition)
      .integer(option.returnValues)
      .integer(2)
      .close(),
  ),
  frame('updateItem', (writer) =>
    writer.bytes(table).bytes(key).openMap().integer(option.update).bytes(update).close(),
  ),
  frame('deleteItem', (writer) => writer.bytes(table).bytes(key).null()),
  frame('query', (writer) =>
    writer
      .bytes(table)
      .bytes(condition)
      .openMap()
      .integer(option.limit)
      .integer(2)
      .integer(option.exclusiveStartKey)
      .bytes(key)
      .close(),
  ),
  frame('scan', (writer) => writer.bytes(table).openMap().integer(option.filter).bytes(condition).close()),
  frame('batchGetItem', (writer) =>
    writer.map(1).text('Things').array(3).boolean(false).bytes(projection).array(1).bytes(key).null(),
  ),
  frame('batchWriteItem', (writer) =>
    writer.map(1).text('Things').array(4).bytes(key).bytes(attributes).bytes(key).null().null(),
  ),
  frame('transactGetItems', (writer) => writer.array(1).bytes(table).array(1).bytes(key).array(1).null().null()),
  frame('transactWriteItems', (writer) =>
    writer
      .array(2)
      .integer(2)
      .integer(9)
      .array(2)
      .bytes(table)
      .bytes(table)
      .array(2)
      .bytes(key)
      .bytes(key)
      .array(2)
      .bytes(attributes)
      .null()
      .null()
      .array(2)
      .integer(1)
      .integer(2)
      .array(2)
      .bytes(condition)
      .null()
      .array(2)
      .null()
      .bytes(update)
      .openMap()
      .integer(option.clientRequestToken)
      .text('a-token')
      .close(),
  ),
]
