/** Changes of the log as records of DynamoDB Streams, in JSON. Keys and images are spliced in as they are stored: nothing of them is parsed in the everyday case. */
import { numberSizeBytes } from '../attribute/number.ts'
import { sizeOfItem } from '../attribute/size.ts'
import { assert, required } from '../assert.ts'
import type { RecordHead } from '../change/record.ts'
import { decodeItem } from '../item/item-bytes.ts'
import { bodyOffset, itemSizeOf } from '../item/row.ts'
import { type ScannedValue, scanItem } from '../item/scan-item.ts'
import { partitionHashSizeBytes } from '../key/partition-hash.ts'
import { keyAttributesOf } from '../key/primary-key.ts'
import { type ChangeStream, eventId, type Shard } from './change-stream.ts'
import type { PageWriter } from './page-writer.ts'
import { sequenceNumber } from './sequence-number.ts'

type Of = {
  readonly stream: Pick<ChangeStream, 'key' | 'viewType'>
  readonly shard: Pick<Shard, 'tag'>
  readonly region: { readonly name: string; readonly number: number }
}

/** Writes the records of one shard, whose common parts are made once. */
export class StreamRecords {
  readonly #of: Of
  readonly #writer: PageWriter
  readonly #keys: readonly Key[]
  readonly #arePlain: boolean
  readonly #showsNew: boolean
  readonly #showsOld: boolean

  constructor(of: Of, writer: PageWriter) {
    const { key, viewType } = of.stream
    this.#of = of
    this.#writer = writer
    this.#keys = [...key.partition, ...key.sort].map(({ name }) => ({
      name,
      start: Buffer.from(`${JSON.stringify(name)}:{"`),
    }))
    this.#arePlain = [...key.partition, ...key.sort].every(({ name, type }) => type === 'S' && isPlain.test(name))
    this.#showsNew = viewType.includes('NEW')
    this.#showsOld = viewType.includes('OLD')
  }

  /** The change at `head` in an entry of the log. */
  write(head: RecordHead, entry: Buffer): void {
    const { position, at: atMs, cause, rowStart, rowEnd, previousEnd } = head
    const { shard, region, stream } = this.#of
    const event = required(head.event, 'the event of a change in a stream')
    const row = entry.subarray(rowStart, rowEnd)
    const showsOld = this.#showsOld && event !== 'INSERT'
    assert(!showsOld || previousEnd !== undefined, 'stream record: the log has the old image')
    const body = row.subarray(bodyOffset(row))
    const keys = this.#plainKeys(head, entry)
    this.#writer.text(
      `{"eventID":"${eventId(region.number, { position, atMs, tag: shard.tag })}","eventName":"${event}","eventVersion":"1.1",` +
        `"eventSource":"aws:dynamodb","awsRegion":"${region.name}","dynamodb":{` +
        `"ApproximateCreationDateTime":${Math.floor(atMs / 1000)},"Keys":${keys?.text ?? ''}`,
    )
    let sizeBytes = keys?.sizeBytes ?? this.#writeKeys(body)
    if (this.#showsNew && event !== 'REMOVE') sizeBytes += this.#writeImage(',"NewImage":', row)
    if (showsOld) sizeBytes += this.#writeImage(',"OldImage":', entry.subarray(rowEnd, previousEnd))
    this.#writer.text(
      `,"SequenceNumber":"${sequenceNumber({ atMs, position })}","SizeBytes":${sizeBytes},"StreamViewType":"${stream.viewType}"}` +
        `${event === 'REMOVE' && cause === 'ttl' ? byService : ''}}`,
    )
  }

  #writeImage(member: string, row: Buffer): number {
    this.#writer.text(member).copy(row, bodyOffset(row))
    return itemSizeOf(row)
  }

  /** Keys that are texts in ASCII, without escapes, are told by the key's own bytes (core/key/primary-key.ts); undefined for others. */
  #plainKeys({ keyStart, rowStart }: RecordHead, entry: Buffer): PlainKeys | undefined {
    if (!this.#arePlain) return undefined
    const from = keyStart + partitionHashSizeBytes + 2
    const to = from + entry.readUInt16BE(from - 2)
    const values = [entry.toString('latin1', from, to), entry.toString('latin1', to, rowStart)]
    let text = ''
    let sizeBytes = 0
    for (const [n, { name }] of this.#keys.entries()) {
      const value = values[n] ?? ''
      if (!isPlain.test(value)) return undefined
      text += `${n === 0 ? '' : ','}"${name}":{"S":"${value}"}`
      sizeBytes += name.length + value.length
    }
    return { text: `{${text}}`, sizeBytes }
  }

  /** Of an item, or of what is left of one in a tombstone. Returns their size. */
  #writeKeys(body: Buffer): number {
    const [partition, sort] = this.#keys
    const scanned = partition === undefined ? undefined : scanItem(body, partition.name, sort?.name)
    if (partition === undefined || scanned?.partition === undefined) return this.#writeParsedKeys(body)
    if (sort !== undefined && scanned.sort === undefined) return this.#writeParsedKeys(body)
    this.#writer.text('{')
    let sizeBytes = this.#writeKey(partition, scanned.partition, body)
    if (sort !== undefined && scanned.sort !== undefined) {
      this.#writer.text(',')
      sizeBytes += this.#writeKey(sort, scanned.sort, body)
    }
    this.#writer.text('}')
    return sizeBytes
  }

  /** A scanned value has no escapes: its bytes are its text. */
  #writeKey({ name, start }: Key, { type, from, to }: ScannedValue, body: Buffer): number {
    this.#writer.copy(start).text(`${type}":"`).copy(body, from, to).text('"}')
    return Buffer.byteLength(name) + sizeOfKey(type, body, { from, to })
  }

  #writeParsedKeys(body: Buffer): number {
    const keys = keyAttributesOf(this.#of.stream.key, decodeItem(body))
    this.#writer.copy(Buffer.from(JSON.stringify(keys)))
    return sizeOfItem(keys)
  }
}

type PlainKeys = { readonly text: string; readonly sizeBytes: number }
/** Printable ASCII but the quote and the backslash. */
const isPlain = /^[ !#-[\]-~]*$/

type Key = { readonly name: string; readonly start: Buffer }

function sizeOfKey(type: ScannedValue['type'], body: Buffer, { from, to }: Pick<ScannedValue, 'from' | 'to'>): number {
  if (type === 'S') return to - from
  if (type === 'N') return numberSizeBytes(body.toString('latin1', from, to))
  const padding = body[to - 1] !== equals ? 0 : body[to - 2] !== equals ? 1 : 2
  return ((to - from) / 4) * 3 - padding
}

const equals = 0x3d

/** The deletes of expired items say who has made them, in the region that made them. */
const byService = ',"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}'
