/** The input of CreateEventSourceMapping and UpdateEventSourceMapping: Lambda's checks in Lambda's words, and what is refused by its name because nothing acts on it. */
import {
  triggerBatchingSecondsMax,
  triggerBatchRecordsMax,
  triggerFiltersMax,
  triggerLanesMax,
  triggerRecordAgeSecondsMax,
  triggerRecordAgeSecondsMin,
  triggerRetriesMax,
  triggerWindowSecondsMax,
} from '../limits/trigger-limits.ts'
import { isObject } from '../wire/json.ts'
import { parseFilter } from './event-filter.ts'
import { invalidParameter, LambdaError } from './lambda-error.ts'
import { type MappingSettings, type StartingPosition, startingPositions } from './mapping.ts'

type Input = Readonly<Record<string, unknown>>

/** What a request asks for; a member that it does not name is undefined. */
export type MappingRequest = {
  readonly functionName: string | undefined
  readonly streamArn: string | undefined
  readonly startingPosition: StartingPosition | undefined
  readonly enabled: boolean | undefined
  readonly settings: Partial<MappingSettings>
}

const refused: Readonly<Record<string, string>> = {
  KMSKeyArn: 'filters are not encrypted',
  LoggingConfig: 'a mapping has no logs of its own',
  MetricsConfig: 'metrics are those of the region, at /metrics',
  ProvisionedPollerConfig: 'it does not apply to streams of DynamoDB',
  ScalingConfig: 'it does not apply to streams of DynamoDB',
  StartingPositionTimestamp: 'streams of DynamoDB are read from TRIM_HORIZON or LATEST',
  Tags: 'mappings have no tags',
  AmazonManagedKafkaEventSourceConfig: 'event sources are streams of DynamoDB',
  DocumentDBEventSourceConfig: 'event sources are streams of DynamoDB',
  Queues: 'event sources are streams of DynamoDB',
  SelfManagedEventSource: 'event sources are streams of DynamoDB',
  SelfManagedKafkaEventSourceConfig: 'event sources are streams of DynamoDB',
  SourceAccessConfigurations: 'event sources are streams of DynamoDB',
  Topics: 'event sources are streams of DynamoDB',
}

/** Throws a LambdaError. */
export function readMappingInput(given: unknown): MappingRequest {
  if (!isObject(given)) throw new LambdaError('SerializationException', 'Could not parse request body into json')
  const input: Input = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
  const start = textOf(input, 'StartingPosition')
  const streamArn = textOf(input, 'EventSourceArn')
  // Before the time that comes with it is refused.
  if (start === 'AT_TIMESTAMP') throw invalidParameter(`Unsupported starting position for arn type: ${streamArn}`)
  refuse(input)
  checkRanges(input)
  return {
    functionName: textOf(input, 'FunctionName'),
    streamArn,
    startingPosition: start === undefined ? undefined : startOf(start),
    enabled: flagOf(input, 'Enabled'),
    settings: settingsOf(input),
  }
}

function refuse(input: Input): void {
  for (const name of Object.keys(input)) {
    if (known.has(name)) continue
    if (!Object.hasOwn(refused, name)) throw invalidParameter(`${name} is not supported by this version of Longitude`)
    throw invalidParameter(`${name} is not supported by this version of Longitude: ${refused[name]}`)
  }
}

const numbers = {
  BatchSize: { min: 1, max: triggerBatchRecordsMax, as: 'batchSize' },
  MaximumBatchingWindowInSeconds: { min: 0, max: triggerBatchingSecondsMax, as: 'batchingSeconds' },
  ParallelizationFactor: { min: 1, max: triggerLanesMax, as: 'lanes' },
  MaximumRecordAgeInSeconds: { min: -1, max: triggerRecordAgeSecondsMax, as: 'recordAgeSeconds' },
  MaximumRetryAttempts: { min: -1, max: triggerRetriesMax, as: 'retries' },
  TumblingWindowInSeconds: { min: 0, max: triggerWindowSecondsMax, as: 'windowSeconds' },
} as const satisfies Readonly<Record<string, { min: number; max: number; as: keyof MappingSettings }>>

const known: ReadonlySet<string> = new Set([
  ...Object.keys(numbers),
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'Enabled',
  'EventSourceArn',
  'FilterCriteria',
  'FunctionName',
  'FunctionResponseTypes',
  'StartingPosition',
])

function checkRanges(input: Input): void {
  const wrong = Object.entries(numbers).flatMap(([name, { min, max }]) => {
    const value = numberOf(input, name)
    if (value === undefined || (value >= min && value <= max)) return []
    const bound = value < min ? `greater than or equal to ${min}` : `less than or equal to ${max}`
    return [constraint(String(value), name, `Member must have value ${bound}`)]
  })
  if (wrong.length > 0)
    throw new LambdaError(
      'ValidationException',
      `${wrong.length} validation error${wrong.length > 1 ? 's' : ''} detected: ${wrong.join('; ')}`,
    )
  const age = numberOf(input, 'MaximumRecordAgeInSeconds') ?? -1
  if (age !== -1 && age < triggerRecordAgeSecondsMin)
    throw invalidParameter(
      `Invalid MaximumRecordAgeInSeconds: it must be -1, or from ${triggerRecordAgeSecondsMin} to ${triggerRecordAgeSecondsMax}.`,
    )
}

/** Members are told with a small first letter. */
function constraint(value: string, name: string, rule: string): string {
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`
  return `Value '${value}' at '${member}' failed to satisfy constraint: ${rule}`
}

function startOf(text: string): StartingPosition {
  const found = startingPositions.find((each) => each === text)
  if (found !== undefined) return found
  const rule = `Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]`
  throw new LambdaError(
    'ValidationException',
    `1 validation error detected: ${constraint(text, 'StartingPosition', rule)}`,
  )
}

function settingsOf(input: Input): Partial<MappingSettings> {
  const settings: Record<string, unknown> = {}
  for (const [name, { as }] of Object.entries(numbers)) settings[as] = numberOf(input, name)
  settings['bisects'] = flagOf(input, 'BisectBatchOnFunctionError')
  settings['reportsFailures'] = responseTypesOf(input)
  settings['filters'] = filtersOf(input['FilterCriteria'])
  if (input['DestinationConfig'] !== undefined) settings['onFailure'] = destinationOf(input['DestinationConfig'])
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => value !== undefined || name === 'onFailure'),
  )
}

function responseTypesOf(input: Input): boolean | undefined {
  const types = input['FunctionResponseTypes']
  if (types === undefined) return undefined
  if (!Array.isArray(types)) throw unreadable('FunctionResponseTypes', 'a list')
  if (types.length > 1 || (types.length === 1 && types[0] !== 'ReportBatchItemFailures'))
    throw new LambdaError(
      'ValidationException',
      `1 validation error detected: ${constraint(JSON.stringify(types), 'FunctionResponseTypes', 'Member must satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]')}`,
    )
  return types.length === 1
}

function filtersOf(given: unknown): readonly string[] | undefined {
  if (given === undefined) return undefined
  if (!isObject(given)) throw unreadable('FilterCriteria', 'an object')
  const filters = given['Filters'] ?? []
  if (!Array.isArray(filters)) throw unreadable('Filters', 'a list')
  if (filters.length > triggerFiltersMax)
    throw invalidParameter(`FilterCriteria has ${filters.length} filters; a mapping has at most ${triggerFiltersMax}.`)
  return filters.map((filter: unknown) => {
    const pattern = isObject(filter) ? filter['Pattern'] : undefined
    if (typeof pattern !== 'string' || parseFilter(pattern) === undefined)
      throw invalidParameter('Invalid filter pattern definition.')
    return pattern
  })
}

const arnPattern = /^arn:[a-zA-Z0-9-]+:(sqs|sns|s3):[a-z0-9-]*:\d*:[^\s]{1,1024}$/

/** Undefined takes the destination away. */
function destinationOf(given: unknown): string | undefined {
  if (!isObject(given)) throw unreadable('DestinationConfig', 'an object')
  if (isObject(given['OnSuccess']) && Object.keys(given['OnSuccess']).length > 0)
    throw invalidParameter('DestinationConfig.OnSuccess is not supported for event source mappings.')
  const onFailure = given['OnFailure'] ?? {}
  if (!isObject(onFailure)) throw unreadable('OnFailure', 'an object')
  const destination = textOf(onFailure, 'Destination')
  if (destination === undefined || destination === '') return undefined
  if (!arnPattern.test(destination))
    throw invalidParameter(
      `${destination} is not supported as a destination by this version of Longitude: it must be the ARN of an SQS queue, an SNS topic or an S3 bucket`,
    )
  return destination
}

const unreadable = (name: string, wanted: string): LambdaError =>
  new LambdaError('SerializationException', `${name} is not ${wanted}`)

function textOf(input: Input, name: string): string | undefined {
  const value = input[name]
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  throw unreadable(name, 'a string')
}

function numberOf(input: Input, name: string): number | undefined {
  const value = input[name]
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value
  throw unreadable(name, 'a whole number')
}

function flagOf(input: Input, name: string): boolean | undefined {
  const value = input[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw unreadable(name, 'a boolean')
}
