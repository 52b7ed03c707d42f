/** The five operations on event source mappings. */
import { listedMappingsMax } from '../../core/limits/trigger-limits.ts'
import { invalidParameter, LambdaError } from '../../core/triggers/lambda-error.ts'
import { type Mapping, usualSettings } from '../../core/triggers/mapping.ts'
import { type MappingRequest, readMappingInput } from '../../core/triggers/mapping-input.ts'
import type { MappingStatus } from '../../readers/triggers/triggers.ts'
import { functionNamed, type NamedFunction } from './function-names.ts'
import { mappingBody } from './lambda-body.ts'
import type { LambdaContext, LambdaOperation, LambdaReply } from './lambda-operation.ts'
import { mappingDescription } from './mapping-description.ts'
import { pageOf } from './marker-pages.ts'

export const createEventSourceMapping: LambdaOperation = {
  name: 'CreateEventSourceMapping',
  run: async ({ body }, context) => {
    const asked = readMappingInput(mappingBody(body, 'CreateEventSourceMapping'))
    const { streamArn, startingPosition, enabled = true } = asked
    if (asked.functionName === undefined) throw missing('functionName', 'ValidationException')
    if (streamArn === undefined) throw invalidParameter('Unrecognized event source.')
    if (!streamArnPattern.test(streamArn))
      throw invalidParameter(`Unrecognized event source: ${streamArn} is no stream of a table.`)
    if (startingPosition === undefined) throw missing('startingPosition', 'InvalidParameterValueException')
    const target = existing(asked.functionName, context)
    checkDestination(asked, context)
    if (!context.hasStream(streamArn)) throw invalidParameter(`Stream not found: ${streamArn}`)
    checkUnique({ streamArn, functionName: target.name }, context)
    const { env, engine } = context
    const mapping: Mapping = {
      uuid: env.random.uuid(),
      functionName: target.name,
      functionArn: target.arn,
      streamArn,
      startingPosition,
      settings: { ...usualSettings, ...asked.settings },
      enabled,
      modifiedMs: env.clock.wallMs(),
      createdAfter: engine.flushed(),
    }
    return accepted(await context.triggers.create(mapping), context)
  },
}

export const updateEventSourceMapping: LambdaOperation = {
  name: 'UpdateEventSourceMapping',
  run: async ({ named, body }, context) => {
    const asked = readMappingInput(mappingBody(body, 'UpdateEventSourceMapping'))
    if (asked.streamArn !== undefined) throw invalidParameter('EventSourceArn cannot be changed.')
    if (asked.startingPosition !== undefined) throw invalidParameter('StartingPosition cannot be changed.')
    const { mapping: before, state } = mappingNamed(named, context)
    if (!restingStates.has(state)) throw inUse('update')
    const target = asked.functionName === undefined ? undefined : existing(asked.functionName, context)
    checkDestination(asked, context)
    if (target !== undefined && target.name !== before.functionName)
      checkUnique({ streamArn: before.streamArn, functionName: target.name }, context)
    const mapping: Mapping = {
      ...before,
      ...(target === undefined ? {} : { functionName: target.name, functionArn: target.arn }),
      settings: { ...before.settings, ...asked.settings },
      enabled: asked.enabled ?? before.enabled,
      modifiedMs: context.env.clock.wallMs(),
    }
    return accepted(await context.triggers.update(mapping), context)
  },
}

export const getEventSourceMapping: LambdaOperation = {
  name: 'GetEventSourceMapping',
  run: ({ named }, context) => ({ status: 200, body: mappingDescription(mappingNamed(named, context), context) }),
}

export const deleteEventSourceMapping: LambdaOperation = {
  name: 'DeleteEventSourceMapping',
  run: async ({ named }, context) => {
    const { mapping, state } = mappingNamed(named, context)
    if (!restingStates.has(state)) throw inUse('delete')
    return accepted(await context.triggers.remove(mapping.uuid), context)
  },
}

export const listEventSourceMappings: LambdaOperation = {
  name: 'ListEventSourceMappings',
  run: ({ query }, context) => {
    const streamArn = query.get('EventSourceArn')
    const functionName = query.get('FunctionName')
    const name = functionName === null ? undefined : functionNamed(functionName, context).name
    const found = context.triggers
      .all()
      .filter(({ mapping }) => streamArn === null || mapping.streamArn === streamArn)
      .filter(({ mapping }) => name === undefined || mapping.functionName === name)
    const { page, next } = pageOf(found, query, { nameOf: ({ mapping }) => mapping.uuid, max: listedMappingsMax })
    const EventSourceMappings = page.map((status) => mappingDescription(status, context))
    return { status: 200, body: { EventSourceMappings, ...(next === undefined ? {} : { NextMarker: next }) } }
  },
}

const streamArnPattern = /^arn:[^:\s]+:dynamodb:[^:\s]+:\d{12}:table\/[a-zA-Z0-9_.-]+\/stream\/[a-zA-Z0-9_.:-]+$/
/** Nothing is under way. */
const restingStates: ReadonlySet<string> = new Set(['Enabled', 'Disabled'])

function missing(member: string, type: 'ValidationException' | 'InvalidParameterValueException'): LambdaError {
  return new LambdaError(
    type,
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null.`,
  )
}

function existing(name: string, context: LambdaContext): NamedFunction {
  const target = functionNamed(name, context)
  if (target.info === undefined) throw invalidParameter('Function does not exist')
  return target
}

function checkDestination({ settings }: MappingRequest, { destinations }: LambdaContext): void {
  const { onFailure } = settings
  if (onFailure !== undefined && !destinations.has(onFailure))
    throw invalidParameter(
      `${onFailure} is not supported as a destination here: the file of functions maps it to no file, URL or subject`,
    )
}

/** In one turn with what makes the mapping, so that two requests do not both make it. */
function checkUnique(
  { streamArn, functionName }: Pick<Mapping, 'streamArn' | 'functionName'>,
  { triggers }: LambdaContext,
): void {
  const same = triggers
    .all()
    .find(({ mapping }) => mapping.streamArn === streamArn && mapping.functionName === functionName)
  if (same !== undefined)
    throw new LambdaError(
      'ResourceConflictException',
      `The event source arn (" ${streamArn} ") and function (" ${functionName} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${same.mapping.uuid}`,
    )
}

const notThere = (): LambdaError =>
  new LambdaError('ResourceNotFoundException', 'The resource you requested does not exist.')

const inUse = (what: string): LambdaError =>
  new LambdaError('ResourceInUseException', `Cannot ${what} the event source mapping because it is in use.`)

function mappingNamed(uuid: string, { triggers }: LambdaContext): MappingStatus {
  const found = triggers.find(uuid)
  if (found === undefined) throw notThere()
  return found
}

function accepted(status: MappingStatus | undefined, context: LambdaContext): LambdaReply {
  if (status === undefined) throw notThere()
  return { status: 202, body: mappingDescription(status, context) }
}
