import type { GetShardIteratorInput, GetShardIteratorOutput } from '@aws-sdk/client-dynamodb-streams'
import type { ChangeStream, Shard } from '../../core/change-stream/change-stream.ts'
import { parseSequenceNumber, sequenceNumber } from '../../core/change-stream/sequence-number.ts'
import type { Position } from '../../core/change/change.ts'
import { validationError } from '../../core/errors.ts'
import { inTurns } from '../in-turns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { oldestReadable, trimmed } from './oldest-record.ts'
import { contextOf, checkStreamArn, shardNamed, streamNamed } from './named-stream.ts'
import { encodeIterator } from './shard-iterator.ts'

/** The SDK of the tests does not know AT_TIMESTAMP yet; DynamoDB does. */
type Input = Omit<Wire<GetShardIteratorInput>, 'ShardIteratorType'> & {
  readonly ShardIteratorType: IteratorType
  readonly Timestamp?: number
}

type IteratorType = NonNullable<GetShardIteratorInput['ShardIteratorType']> | 'AT_TIMESTAMP'

export const getShardIterator = defineControl<Input, Wire<GetShardIteratorOutput>>({
  name: 'GetShardIterator',
  resource: (input) => input.StreamArn,
  checks: [({ StreamArn: arn }) => checkStreamArn(arn), placeGiven],
  run: async (input, context) => {
    const arn = input.StreamArn ?? ''
    const stream = streamNamed(arn, context)
    const shard = shardNamed(stream, input.ShardId ?? '', context)
    const after = await placeOf(input, { stream, shard }, contextOf(stream, context))
    const fromOldest = input.ShardIteratorType === 'TRIM_HORIZON'
    const issuedMs = context.env.clock.wallMs()
    return { ShardIterator: encodeIterator({ arn, shard: shard.id, after, fromOldest, issuedMs }) }
  },
})

const invalid = (what: string): Error => validationError(`One or more parameter values were invalid: ${what}`)

function placeGiven({ ShardIteratorType: type, SequenceNumber: sequence, Timestamp: timestamp }: Input): void {
  const isBySequence = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER'
  if (isBySequence && sequence === undefined) throw invalid('SequenceNumber cannot be null')
  if (!isBySequence && sequence !== undefined)
    throw invalid('SequenceNumber should not be passed for this iterator type')
  if (type === 'AT_TIMESTAMP' && timestamp === undefined) throw invalid('Timestamp cannot be null')
  if (type !== 'AT_TIMESTAMP' && timestamp !== undefined)
    throw invalid('Timestamp should not be passed for this iterator type')
}

type Of = { readonly stream: ChangeStream; readonly shard: Shard }

/** The position behind which the records are that the iterator gives. */
function placeOf(input: Input, of: Of, context: OperationContext): Position | Promise<Position> {
  const { shard } = of
  const end = shard.upTo ?? Infinity
  switch (input.ShardIteratorType) {
    case 'TRIM_HORIZON':
      return shard.after
    case 'LATEST':
      return Math.min(end, Math.max(shard.after, context.engine.flushed()))
    case 'AT_TIMESTAMP':
      return Math.min(end, Math.max(shard.after, beforeTime(input.Timestamp ?? 0, context)))
    case 'AT_SEQUENCE_NUMBER':
      return before(placeOfSequence(input.SequenceNumber ?? '', of, context))
    case 'AFTER_SEQUENCE_NUMBER':
    default:
      return placeOfSequence(input.SequenceNumber ?? '', of, context)
  }
}

const before = async (place: Promise<Position>): Promise<Position> => (await place) - 1

/** Of what is older than the oldest record, all that there is. */
function beforeTime(timestamp: number, context: OperationContext): Position {
  const ms = Math.round(timestamp * 1000)
  if (ms > context.env.clock.wallMs()) throw invalid('Timestamp cannot be in the future')
  return Math.max(oldestReadable(context), context.engine.streams.before(ms))
}

/** That of a record, or where the shard begins or ends. */
async function placeOfSequence(text: string, { stream, shard }: Of, context: OperationContext): Promise<Position> {
  const sequence = parseSequenceNumber(text)
  const unknown = validationError('Invalid SequenceNumber for the shard')
  if (sequence === undefined) throw unknown
  const { position } = sequence
  if (position <= shard.after || position > (shard.upTo ?? Infinity)) throw unknown
  if (position <= oldestReadable(context)) throw trimmed()
  const given = sequenceNumber(sequence)
  if (given === shard.starting || given === shard.ending) return position
  const part = { stream: stream.number, shard, after: position - 1, upTo: position, countMax: 1, bytesMax: 1 }
  let atMs: number | undefined
  await inTurns(
    context.engine.streams.read(part, ({ at }) => (atMs = at)),
    context,
  )
  if (atMs !== sequence.atMs) throw unknown
  return position
}
