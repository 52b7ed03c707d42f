/** The pipeline of a region's own API, for a server (server.ts) or a program with an entrance of its own. */
import type { InvariantViolation } from '../core/assert.ts'
import type { Credentials } from '../core/auth/credentials.ts'
import { Admission, type CapacitySettings } from '../operations/capacity/admission.ts'
import type { Operation, OperationContext } from '../operations/operation.ts'
import type { LambdaContext } from '../operations/lambda/lambda-operation.ts'
import { lambdaPrefix } from '../operations/lambda/lambda-routes.ts'
import { registry } from '../operations/registry.ts'
import { Signatures } from './access/signatures.ts'
import { lambdaPipeline } from './lambda-pipeline.ts'
import { type Pipeline, pipeline } from './pipeline.ts'

export type ApiPipelineOptions = {
  readonly context: OperationContext
  /** Told after a broken invariant has been answered with a 500; the node decides to stop. */
  readonly onBrokenInvariant?: (error: InvariantViolation) => void
  /** A request was answered 500 for an unknown reason. */
  readonly onFailed?: (error: unknown) => void
  /** Whose signatures are accepted, as known now; without it anybody's. */
  readonly credentials?: () => Credentials
  /** Regions beside its own that a signature may be for. */
  readonly signedFor?: readonly string[]
  /** Where clients reach another region, for the refusal of a request that is signed for it. */
  readonly endpointOf?: (region: string) => string | undefined
  /** Lambda's API beside DynamoDB's. */
  readonly lambda?: LambdaContext
  /** How capacity is counted; not at all by default. */
  readonly capacity?: CapacitySettings | undefined
  /** Other operations than the registry's, for tests. */
  readonly operations?: ReadonlyMap<string, Operation>
}

export function apiPipeline(options: ApiPipelineOptions): Pipeline {
  const { context, credentials, signedFor, capacity, endpointOf = () => undefined } = options
  const { clock } = context.env
  const { settings } = context
  const { region } = settings
  const regions = { own: region, all: () => settings.regions, endpointOf, alsoFor: new Set(signedFor) }
  const dynamodb = pipeline({
    context,
    regions,
    ...(credentials === undefined ? {} : { signatures: new Signatures({ credentials, regions, clock }) }),
    operations: options.operations ?? registry,
    ...(capacity === undefined ? {} : { decisions: { admission: new Admission(context, capacity) } }),
    onBrokenInvariant: options.onBrokenInvariant ?? (() => {}),
    onFailed: options.onFailed,
  })
  if (options.lambda === undefined) return dynamodb
  const lambda = lambdaPipeline({
    context: options.lambda,
    log: context.env.log,
    regions,
    ...(credentials === undefined
      ? {}
      : { signatures: new Signatures({ credentials, regions, clock, service: 'lambda' }) }),
    onBrokenInvariant: options.onBrokenInvariant ?? (() => {}),
  })
  return (request, requestId, answer) =>
    (request.url.startsWith(lambdaPrefix) ? lambda : dynamodb)(request, requestId, answer)
}
