/** What a request may say beside its table, key and item: a map by numbers, or null. */
import type { CborReader } from '../cbor/cbor-reader.ts'
import * as major from '../cbor/major-types.ts'
import { UnreadableCbor } from '../cbor/major-types.ts'
import { collectionMetrics, consumedCapacities, option, returnValues, selects } from './protocol.ts'

/** Members of the request under their names, and what is to be translated yet. */
export type Options = {
  readonly members: Record<string, unknown>
  projection?: Buffer
  condition?: Buffer
  filter?: Buffer
  update?: Buffer
  exclusiveStartKey?: Buffer
}

export function readOptions(reader: CborReader): Options {
  const options: Options = { members: {} }
  if (!reader.isNull()) reader.eachOfMap(() => readOption(reader.integer(), reader, options))
  return options
}

function readOption(number: number, reader: CborReader, options: Options): void {
  const { members } = options
  switch (number) {
    case option.projection:
      return void (options.projection = reader.bytes())
    case option.condition:
      return void (options.condition = reader.bytes())
    case option.filter:
      return void (options.filter = reader.bytes())
    case option.update:
      return void (options.update = reader.bytes())
    case option.exclusiveStartKey:
      return void (options.exclusiveStartKey = reader.bytes())
    case option.consistentRead:
      return void (members['ConsistentRead'] = readFlag(reader))
    case option.scanIndexForward:
      return void (members['ScanIndexForward'] = readFlag(reader))
    case option.consumedCapacity:
      return void (members['ReturnConsumedCapacity'] = named(consumedCapacities, reader))
    case option.itemCollectionMetrics:
      return void (members['ReturnItemCollectionMetrics'] = named(collectionMetrics, reader))
    case option.returnValues:
      return void (members['ReturnValues'] = named(returnValues, reader))
    case option.select:
      return void (members['Select'] = named(selects, reader))
    case option.indexName:
      return void (members['IndexName'] = readName(reader))
    case option.limit:
      return void (members['Limit'] = reader.integer())
    case option.segment:
      return void (members['Segment'] = reader.integer())
    case option.totalSegments:
      return void (members['TotalSegments'] = reader.integer())
    case option.clientRequestToken:
      return void (members['ClientRequestToken'] = reader.text())
    // The Python client sends its placeholders too. The expressions have their names and values already.
    case option.attributeNames:
    case option.attributeValues:
      return void reader.value()
    default:
      throw new UnreadableCbor(`an option that has no meaning (${number})`)
  }
}

/** Of a table or an index: bytes, or text. */
export function readName(reader: CborReader): string {
  return reader.type === major.text ? reader.text() : reader.bytes().toString()
}

/** Some operations have a boolean here, and others 0 or 1. */
function readFlag(reader: CborReader): boolean {
  return reader.type === major.simple ? reader.boolean() : reader.integer() !== 0
}

function named<Name>(names: readonly Name[], reader: CborReader): Name {
  const number = reader.integer()
  const name = names[number]
  if (name === undefined) throw new UnreadableCbor(`an option’s value that has no meaning (${number})`)
  return name
}
