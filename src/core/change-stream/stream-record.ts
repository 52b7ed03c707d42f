/** A change of the log as a record of DynamoDB Streams, in JSON. The items are spliced in as they are stored: nothing of them is parsed in the everyday case. */
import { numberSizeBytes } from '../attribute/number.ts'
import { binarySizeBytes, sizeOfItem } from '../attribute/size.ts'
import { assert, required } from '../assert.ts'
import type { Change, ChangeEvent } from '../change/change.ts'
import { decodeItem } from '../item/item-bytes.ts'
import { bodyOffset, itemSizeOf } from '../item/row.ts'
import { type ScannedValue, scanItem } from '../item/scan-item.ts'
import { keyAttributesOf } from '../key/primary-key.ts'
import type { KeySchema } from '../table/table.ts'
import { type ChangeStream, eventId, type Shard } from './change-stream.ts'
import { sequenceNumber } from './sequence-number.ts'

type Of = {
  readonly stream: Pick<ChangeStream, 'key' | 'viewType'>
  readonly shard: Pick<Shard, 'tag'>
  readonly region: { readonly name: string; readonly number: number }
}

/** The parts of the record's JSON. */
export function streamRecord(change: Change, { stream, shard, region }: Of): readonly Buffer[] {
  const { position, at: atMs, cause } = change
  const event = required(change.event, 'the event of a change in a stream')
  const keys = keysOf(stream.key, bodyOf(change.row))
  const { newImage, oldImage } = imagesOf(change, event, stream.viewType)
  const sizeBytes = keys.sizeBytes + sizeOf(newImage) + sizeOf(oldImage)
  const head =
    `{"eventID":"${eventId(region.number, { position, atMs, tag: shard.tag })}","eventName":"${event}","eventVersion":"1.1",` +
    `"eventSource":"aws:dynamodb","awsRegion":"${region.name}","dynamodb":{` +
    `"ApproximateCreationDateTime":${Math.floor(atMs / 1000)},"Keys":${keys.text}`
  const end =
    `,"SequenceNumber":"${sequenceNumber({ atMs, position })}","SizeBytes":${sizeBytes},"StreamViewType":"${stream.viewType}"}` +
    `${event === 'REMOVE' && cause === 'ttl' ? byService : ''}}`
  return [Buffer.from(head), ...image(newImageMember, newImage), ...image(oldImageMember, oldImage), Buffer.from(end)]
}

/** The deletes of expired items say who has made them, in the region that made them. */
const byService = ',"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}'
const newImageMember = Buffer.from(',"NewImage":')
const oldImageMember = Buffer.from(',"OldImage":')

type Images = { readonly newImage: Buffer | undefined; readonly oldImage: Buffer | undefined }

/** As rows. */
function imagesOf({ row, previous }: Change, event: ChangeEvent, viewType: ChangeStream['viewType']): Images {
  const showsOld = viewType.includes('OLD') && event !== 'INSERT'
  assert(!showsOld || previous !== undefined, 'stream record: the log has the old image')
  return {
    newImage: viewType.includes('NEW') && event !== 'REMOVE' ? row : undefined,
    oldImage: showsOld ? previous : undefined,
  }
}

const image = (member: Buffer, row: Buffer | undefined): readonly Buffer[] =>
  row === undefined ? [] : [member, bodyOf(row)]

const bodyOf = (row: Buffer): Buffer => row.subarray(bodyOffset(row))
const sizeOf = (row: Buffer | undefined): number => (row === undefined ? 0 : itemSizeOf(row))

type Keys = { readonly text: string; readonly sizeBytes: number }

/** Of an item, or of what is left of one in a tombstone. */
function keysOf(schema: KeySchema, body: Buffer): Keys {
  const partition = required(schema.partition[0], 'the partition attribute').name
  const sort = schema.sort[0]?.name
  const scanned = scanItem(body, partition, sort)
  if (scanned?.partition === undefined || (sort !== undefined && scanned.sort === undefined))
    return parsedKeys(schema, body)
  const first = keyOf(partition, scanned.partition, body)
  if (sort === undefined || scanned.sort === undefined) return { text: `{${first.text}}`, sizeBytes: first.sizeBytes }
  const second = keyOf(sort, scanned.sort, body)
  return { text: `{${first.text},${second.text}}`, sizeBytes: first.sizeBytes + second.sizeBytes }
}

/** A scanned value has no escapes: its bytes are its text. */
function keyOf(name: string, { type, from, to }: ScannedValue, body: Buffer): Keys {
  const value = body.toString('utf8', from, to)
  const sizeBytes = type === 'S' ? to - from : type === 'N' ? numberSizeBytes(value) : binarySizeBytes(value)
  return { text: `${JSON.stringify(name)}:{"${type}":"${value}"}`, sizeBytes: Buffer.byteLength(name) + sizeBytes }
}

function parsedKeys(schema: KeySchema, body: Buffer): Keys {
  const keys = keyAttributesOf(schema, decodeItem(body))
  return { text: JSON.stringify(keys), sizeBytes: sizeOfItem(keys) }
}
