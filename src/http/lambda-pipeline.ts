/** A request of Lambda's API: signature, path, operation, and errors in Lambda's form. Never throws, as the other pipeline. */
import { InvariantViolation } from '../core/assert.ts'
import { checkAuthorization } from '../core/auth/authorization.ts'
import type { SignedRegions } from '../core/auth/signed-region.ts'
import { checkRegion } from '../core/auth/signing-time.ts'
import { errors, ServiceError } from '../core/errors.ts'
import { LambdaError } from '../core/triggers/lambda-error.ts'
import { refusedByStore } from '../engine/trouble.ts'
import type { LambdaContext, LambdaReply } from '../operations/lambda/lambda-operation.ts'
import { lambdaPrefix } from '../core/wire/body-size.ts'
import { lambdaOperationAt } from '../operations/lambda/lambda-routes.ts'
import type { AuthorizeService } from '../operations/service-entry.ts'
import type { Audit } from '../ports/audit.ts'
import type { Principal } from '../core/auth/credentials.ts'
import type { Log } from '../ports/log.ts'
import type { Signatures } from './access/signatures.ts'
import { type Answer, type ApiRequest, type Front, signatureOf } from './pipeline.ts'
import { auditService } from './services/service-audit.ts'

export type LambdaPipelineOptions = {
  readonly context: LambdaContext
  readonly log: Log
  readonly regions: SignedRegions
  /** Without it, signatures are looked at in form only. */
  readonly signatures?: Signatures
  /** Without it, all is allowed. */
  readonly authorize?: AuthorizeService | undefined
  readonly audit?: Audit | undefined
  readonly onBrokenInvariant: (error: InvariantViolation) => void
}

export function lambdaFront(options: LambdaPipelineOptions): Front {
  return {
    claims: ({ url }) => url.startsWith(lambdaPrefix),
    pipeline: (request, requestId, answer) => {
      const told = new Told('unknown')
      void audited(request, { options, told, requestId }).then(answer)
    },
  }
}

async function audited(request: ApiRequest, of: Of): Promise<Answer> {
  const { options, told, requestId } = of
  const done = await answered(request, options, told).catch((error: unknown) => refused(error, of))
  const { principal, resource } = told
  auditService(options.audit, done, { service: 'lambda', request, requestId, principal, resource })
  return done
}

/** Which operation it is, and whose, once that is known. */
class Told {
  operation: string
  principal: Principal | undefined
  /** As the path names it: a function, or an event source mapping. */
  resource: string | undefined

  constructor(operation: string) {
    this.operation = operation
  }
}

async function answered(request: ApiRequest, options: LambdaPipelineOptions, told: Told): Promise<Answer> {
  const { signatures, regions, context } = options
  const { method = 'POST', url, headers, body } = request
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const found = lambdaOperationAt(method, path)
  if (found !== undefined) told.operation = found.operation.name
  const principal = signatures?.verify(request)
  told.principal = principal
  if (signatures === undefined) checkRegion(checkAuthorization(signatureOf(request)), regions)
  if (found === undefined) return unknownAnswer(method, path)
  const { operation, named } = found
  if (named !== '') told.resource = named
  options.authorize?.({ service: 'lambda', operation: operation.name, input: {}, principal })
  const reply = await operation.run({ named, query: new URLSearchParams(query), headers, body }, context)
  return { ...answerOf(reply), operation: told.operation, outcome: 'ok' }
}

const contentType = 'application/json'

function answerOf({
  status,
  body,
  headers,
}: LambdaReply): Pick<Answer, 'status' | 'contentType' | 'bytes' | 'headers'> {
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  return { status, contentType, bytes, ...(headers === undefined ? {} : { headers }) }
}

function unknownAnswer(method: string, path: string): Answer {
  const type = 'UnknownOperationException'
  const message = `Lambda's ${method} ${path} is not supported by this version of Longitude`
  const reply = { status: 404, body: { message, Message: message }, headers: { 'x-amzn-ErrorType': type } }
  return { ...answerOf(reply), operation: 'unknown', outcome: type }
}

type Of = { readonly options: LambdaPipelineOptions; readonly told: Told; readonly requestId: string }

function refused(error: unknown, { options, told, requestId }: Of): Answer {
  const { operation } = told
  const known = error instanceof LambdaError ? error : (refusedByStore(error) ?? error)
  if (known instanceof LambdaError) {
    const { status, body, type } = known
    return { ...answerOf({ status, body, headers: { 'x-amzn-ErrorType': type } }), operation, outcome: type }
  }
  if (known instanceof ServiceError) {
    const { code, message } = known
    // What is wrong with a signature is a 403 of Lambda.
    const status = errors[code].status === 400 ? 403 : errors[code].status
    const reply = { status, body: { message, Message: message }, headers: { 'x-amzn-ErrorType': code } }
    return { ...answerOf(reply), operation, outcome: code }
  }
  options.log.error('request failed', {
    requestId,
    operation,
    error: error instanceof Error ? error.stack : String(error),
  })
  if (error instanceof InvariantViolation) options.onBrokenInvariant(error)
  return refused(new LambdaError('ServiceException', 'Service Exception'), { options, told, requestId })
}
