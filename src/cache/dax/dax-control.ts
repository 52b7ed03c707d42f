/**
 * A cache in the words of DAX's control plane, at its HTTP port. It is one cluster with one group of parameters, and its command line makes both: what reads them (programs that look for the discovery endpoint, consoles,
 * Terraform) is told what is so, and every operation that would make or change something is refused (control-operations.ts).
 */
import { checkAuthorization } from '../../core/auth/authorization.ts'
import type { Principal } from '../../core/auth/credentials.ts'
import type { SignedRegions } from '../../core/auth/signed-region.ts'
import { checkRegion } from '../../core/auth/signing-time.ts'
import { ServiceError } from '../../core/errors.ts'
import { boundedJson, serviceBounds } from '../../core/wire/body-scan.ts'
import { isObject } from '../../core/wire/json.ts'
import type { Signatures } from '../../http/access/signatures.ts'
import { type Answer, type ApiRequest, errorAnswer, type Pipeline, signatureOf } from '../../http/pipeline.ts'
import type { DaxCluster } from './dax-cluster.ts'
import { controlOperations, Refused } from './control-operations.ts'
import type { DaxAccess } from './dax-access.ts'

export type DaxControlOptions = {
  /** Undefined until DAX's clients are served. */
  readonly cluster: () => DaxCluster | undefined
  readonly regions: SignedRegions
  /** For the service dax; in form only where none is given. */
  readonly signatures?: Signatures | undefined
  /** Where policies decide. */
  readonly access?: Pick<DaxAccess, 'permit'> | undefined
}

const targetPrefix = 'AmazonDAXV3.'
const json11 = 'application/x-amz-json-1.1'

/** Answers what is DAX's, and leaves the rest to the pipeline. */
export function withDaxControl(pipeline: Pipeline, options: DaxControlOptions): Pipeline {
  return (request, requestId, answer) => {
    const target = request.headers['x-amz-target']
    const cluster = options.cluster()
    if (cluster === undefined || typeof target !== 'string' || !target.startsWith(targetPrefix))
      return pipeline(request, requestId, answer)
    answer(answerOf(request, target.slice(targetPrefix.length), cluster, options))
  }
}

function answerOf(request: ApiRequest, name: string, cluster: DaxCluster, options: DaxControlOptions): Answer {
  const operation = controlOperations.get(name)
  const shown = operation === undefined ? 'unknown' : name
  try {
    const principal = authenticate(request, options)
    if (operation === undefined) throw new ServiceError('UnknownOperationException', '')
    options.access?.permit(principal, { action: `dax:${name}` })
    return json(200, operation(inputOf(request), cluster), shown)
  } catch (error) {
    if (error instanceof Refused) return json(400, { __type: error.code, message: error.message }, shown)
    if (error instanceof ServiceError) return errorAnswer(error, json11, shown)
    throw error
  }
}

function authenticate(request: ApiRequest, { signatures, regions }: DaxControlOptions): Principal {
  if (signatures !== undefined) return signatures.verify(request)
  checkRegion(checkAuthorization(signatureOf(request)), regions)
  return { accessKeyId: '' }
}

function inputOf({ body }: ApiRequest): Readonly<Record<string, unknown>> {
  try {
    const input = body.length === 0 ? {} : boundedJson(body, serviceBounds)?.value
    if (isObject(input)) return input
  } catch {
    // Said below.
  }
  throw new ServiceError('SerializationException', '')
}

function json(status: number, value: object, operation: string): Answer {
  const bytes = Buffer.from(JSON.stringify(value))
  return { status, contentType: json11, bytes, operation, outcome: status === 200 ? 'ok' : 'refused' }
}
