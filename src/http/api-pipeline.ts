/** The pipeline of a region's own API, for a server (server.ts) or a program with an entrance of its own. */
import { noDefinitions } from '../core/access/identities/identities.ts'
import type { InvariantViolation } from '../core/assert.ts'
import type { Credentials } from '../core/auth/credentials.ts'
import type { SignedRegions } from '../core/auth/signed-region.ts'
import { Access, type AccessSettings } from '../operations/access/authorizer.ts'
import type { LogPositions } from '../ports/log-positions.ts'
import { Admission, type CapacitySettings } from '../operations/capacity/admission.ts'
import type { Evacuated } from '../operations/evacuated.ts'
import type { Faults } from '../operations/faults/faults.ts'
import type { Insights } from '../operations/insights/insights.ts'
import type { Operation, OperationContext } from '../operations/operation.ts'
import type { LambdaContext } from '../operations/lambda/lambda-operation.ts'
import { cborPrefix, lambdaPrefix } from '../core/wire/body-size.ts'
import { registry } from '../operations/registry.ts'
import type { AuthorizeService, ServiceEntry } from '../operations/service-entry.ts'
import { actionOfService, toldResource } from '../operations/access/service-actions.ts'
import type { Audit } from '../ports/audit.ts'
import type { RequestObserver } from '../ports/request-observer.ts'
import { Signatures } from './access/signatures.ts'
import { lambdaFront } from './lambda-pipeline.ts'
import { type ApiRequest, type Front, type Pipeline, pipeline } from './pipeline.ts'
import { serviceFront } from './services/service-front.ts'

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
  /** Further services of AWS at the same port. */
  readonly services?: readonly ServiceEntry[]
  /** Whether an operation of such a service is allowed; by default policies say so, where there are any. */
  readonly authorizeService?: AuthorizeService
  /** How capacity is counted; not at all by default. */
  readonly capacity?: CapacitySettings | undefined
  /** Regions that this one stands in for, and whether it takes changes of tables. */
  readonly evacuation?: Pick<Evacuated, 'has' | 'fence'>
  /** Places in the logs of regions, for clients that read their own writes elsewhere. */
  readonly positions?: LogPositions
  /** What is broken on purpose. */
  readonly faults?: Faults
  /** Which keys are accessed and throttled; nothing is counted by default. */
  readonly insights?: Insights
  /** Policies that are asked; none by default: a client that may sign may do everything. */
  readonly access?: AccessSettings | undefined
  /** Told of requests that are answered; of none by default. */
  readonly audit?: Audit | undefined
  /** Told of requests and where their time went; none by default. */
  readonly observer?: RequestObserver | undefined
  /** Other operations than the registry's, for tests. */
  readonly operations?: ReadonlyMap<string, Operation>
}

export function apiPipeline(options: ApiPipelineOptions): Pipeline {
  const { context, credentials, signedFor, capacity, access, endpointOf = () => undefined } = options
  const { clock } = context.env
  const { settings } = context
  const named = new Set(signedFor)
  const alsoFor = { has: (region: string) => named.has(region) || options.evacuation?.has(region) === true }
  const regions = { own: settings.region, all: () => settings.regions, endpointOf, alsoFor }
  const policies = access === undefined ? undefined : new Access(access)
  const dynamodb = pipeline({
    context,
    regions,
    positions: options.positions,
    ...(credentials === undefined ? {} : { signatures: new Signatures({ credentials, regions, clock }) }),
    operations: options.operations ?? registry,
    decisions: {
      authorize: policies === undefined ? undefined : (request) => policies.authorize(request),
      policed: access?.mode === 'strict',
      faults: options.faults,
      insights: options.insights,
      evacuation: options.evacuation,
      admission: capacity === undefined ? undefined : new Admission(context, capacity),
    },
    onBrokenInvariant: options.onBrokenInvariant ?? (() => {}),
    onFailed: options.onFailed,
    audit: options.audit,
    observer: options.observer,
  })
  const fronts = frontsOf(options, regions, policies)
  if (fronts.length === 0) return dynamodb
  return (request, requestId, answer) => {
    const isAlone = isDynamoDb(request) || request.endpoint !== undefined
    const front = isAlone ? undefined : fronts.find(({ claims }) => claims(request))
    const answering = front?.pipeline ?? dynamodb
    answering(request, requestId, answer)
  }
}

/** What the paths begin with, beside the root, that the pipeline answers. */
export const pathsBeside = ({ lambda, services = [] }: ApiPipelineOptions): readonly string[] => [
  ...(lambda === undefined ? [] : [lambdaPrefix]),
  ...services.flatMap(({ target }) => (target === undefined ? [] : [`${cborPrefix}${target}/`])),
]

/** The usual request costs no more for the services beside. */
function isDynamoDb({ url, headers: { 'x-amz-target': target } }: ApiRequest): boolean {
  return url === '/' && typeof target === 'string' && target.startsWith('DynamoDB')
}

function frontsOf(options: ApiPipelineOptions, regions: SignedRegions, policies: Access | undefined): readonly Front[] {
  const { context, access, credentials, lambda, services = [], onBrokenInvariant = () => {} } = options
  const account = () => access?.identities() ?? { accountId: context.settings.accountId, definitions: noDefinitions }
  const byPolicies: AuthorizeService | undefined =
    policies &&
    ((asked) => {
      const action = actionOfService(asked, account())
      if (action !== undefined) policies.authorizeAction(action, context)
    })
  const authorize = options.authorizeService ?? byPolicies
  const resourceOf = (asked: Parameters<AuthorizeService>[0]) => toldResource(asked, account())
  const { clock, log } = context.env
  const shared = { log, regions, audit: options.audit, onBrokenInvariant }
  const verifying =
    credentials === undefined ? {} : { signatures: new Signatures({ credentials, regions, clock, service: 'lambda' }) }
  return [
    ...(lambda === undefined ? [] : [lambdaFront({ ...shared, context: lambda, authorize, ...verifying })]),
    ...(services.length === 0
      ? []
      : [serviceFront({ ...shared, services, clock, credentials, authorize, resourceOf })]),
  ]
}
