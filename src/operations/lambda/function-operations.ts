/** Invoke, ListFunctions and GetFunction, of the functions that are configured (docs/coding/triggers.md). */
import { listedFunctionsMax } from '../../core/limits/trigger-limits.ts'
import { invalidParameter, LambdaError } from '../../core/triggers/lambda-error.ts'
import type { FunctionInfo, Invoked } from '../../ports/functions.ts'
import { functionArn, functionNamed, functionNotFound } from './function-names.ts'
import { requireEvent } from './lambda-body.ts'
import type { LambdaContext, LambdaOperation, LambdaReply, LambdaRequest } from './lambda-operation.ts'
import { pageOf } from './marker-pages.ts'

const version = '$LATEST'

export const invoke: LambdaOperation = {
  name: 'Invoke',
  run: async (request, context) => {
    const type = headerOf(request, 'x-amz-invocation-type') ?? 'RequestResponse'
    const { name, arn, info } = functionNamed(request.named, context, request.query.get('Qualifier') ?? undefined)
    if (info === undefined) throw functionNotFound(arn)
    if (type === 'Event')
      throw invalidParameter(
        'InvocationType Event is not supported by this version of Longitude: nothing would try it again',
      )
    if (type !== 'RequestResponse' && type !== 'DryRun')
      throw new LambdaError(
        'ValidationException',
        `1 validation error detected: Value '${type}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]`,
      )
    const event = eventIn(request.body)
    if (type === 'DryRun') return { status: 204, headers: executed }
    const clientContext = clientContextIn(headerOf(request, 'x-amz-client-context'))
    const about = { requestId: context.env.random.uuid(), functionArn: arn, clientContext }
    return answerOf(await context.functions.invoke(name, event, about), headerOf(request, 'x-amz-log-type') === 'Tail')
  },
}

const executed = { 'X-Amz-Executed-Version': version }

function headerOf({ headers }: LambdaRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

function eventIn(body: Buffer): Buffer {
  if (body.length === 0) return Buffer.from('{}')
  requireEvent(body)
  return body
}

function clientContextIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = Buffer.from(header, 'base64').toString()
  try {
    JSON.parse(text)
    return text
  } catch {
    throw new LambdaError(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
    )
  }
}

/** A function that fails is an answer with status 200. */
function answerOf(invoked: Invoked, wantsLog: boolean): LambdaReply {
  if (invoked.kind === 'unavailable')
    throw invoked.isThrottled
      ? new LambdaError('TooManyRequestsException', 'Rate Exceeded.')
      : new LambdaError('ServiceException', `The function could not be invoked: ${invoked.reason}`)
  const { payload, log = '', kind } = invoked
  return {
    status: 200,
    body: payload,
    headers: {
      ...executed,
      ...(kind === 'failed' ? { 'X-Amz-Function-Error': 'Unhandled' } : {}),
      ...(wantsLog ? { 'X-Amz-Log-Result': Buffer.from(log).toString('base64') } : {}),
    },
  }
}

export const listFunctions: LambdaOperation = {
  name: 'ListFunctions',
  run: ({ query }, context) => {
    const { page, next } = pageOf(context.functions.all(), query, {
      nameOf: ({ name }) => name,
      max: listedFunctionsMax,
    })
    const Functions = page.map((info) => configurationOf(info, context))
    return { status: 200, body: { Functions, ...(next === undefined ? {} : { NextMarker: next }) } }
  },
}

export const getFunction: LambdaOperation = {
  name: 'GetFunction',
  run: ({ named, query }, context) => {
    const { arn, info } = functionNamed(named, context, query.get('Qualifier') ?? undefined)
    if (info === undefined) throw functionNotFound(arn)
    return { status: 200, body: { Configuration: configurationOf(info, context), Tags: {} } }
  },
}

function configurationOf(info: FunctionInfo, { settings }: LambdaContext): object {
  return {
    FunctionName: info.name,
    FunctionArn: functionArn(settings, info.name),
    Description: info.target,
    Timeout: info.timeoutSeconds,
    MemorySize: info.memoryMb,
    Version: version,
    State: 'Active',
    LastUpdateStatus: 'Successful',
  }
}
