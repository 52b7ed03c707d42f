/**
 * Services of AWS beside DynamoDB at the same port. A request is told to be one's by its path (CBOR), its target (JSON), or the scope of its
 * signature (Query). Then, for each of them: signature -> operation -> input within the model's constraints -> authorised -> run -> reply.
 * Never throws, as the other pipelines.
 */
import { InvariantViolation } from '../../core/assert.ts'
import { checkAuthorization } from '../../core/auth/authorization.ts'
import type { Credentials, Principal } from '../../core/auth/credentials.ts'
import type { SignedRegions } from '../../core/auth/signed-region.ts'
import { checkRegion } from '../../core/auth/signing-time.ts'
import { ServiceError } from '../../core/errors.ts'
import { serviceRequestBytesMax } from '../../core/limits/wire-limits.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { constrainInput } from '../../core/wire/constrain.ts'
import { refusedByStore } from '../../engine/trouble.ts'
import type { AuthorizeService, Service, ServiceEntry } from '../../operations/service-entry.ts'
import type { Audit } from '../../ports/audit.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { Signatures } from '../access/signatures.ts'
import { type Answer, type ApiRequest, type Front, signatureOf } from '../pipeline.ts'
import { commonRefusal, internalFailure } from './common-errors.ts'
import { auditService } from './service-audit.ts'
import { cborPrefix } from '../../core/wire/body-size.ts'
import { cbor, cborTarget, json, type Protocol, query } from './protocols.ts'

export type ServiceFrontOptions = {
  readonly services: readonly ServiceEntry[]
  readonly log: Log
  readonly clock: Clock
  readonly regions: SignedRegions
  /** Without them, signatures are looked at in form only. */
  readonly credentials?: (() => Credentials) | undefined
  /** Asked of every operation of every service, once its input is known; without it, all is allowed. */
  readonly authorize?: AuthorizeService | undefined
  /** What a request is about, for the audit log. */
  readonly resourceOf?: ((asked: Parameters<AuthorizeService>[0]) => string | undefined) | undefined
  readonly audit?: Audit | undefined
  readonly onBrokenInvariant: (error: InvariantViolation) => void
}

export function serviceFront(options: ServiceFrontOptions): Front {
  const places = options.services.map((entry) => new Place(entry, options))
  return {
    claims: (request) => found(request, places) !== undefined,
    pipeline: (request, requestId, answer) => {
      const asked = found(request, places)
      if (asked !== undefined) void asked.place.answer(request, { requestId, protocol: asked.protocol }).then(answer)
    },
  }
}

type Found = { readonly place: Place; readonly protocol: Protocol }

function found({ url, headers, body }: ApiRequest, places: readonly Place[]): Found | undefined {
  if (url.startsWith(cborPrefix)) {
    const named = cborTarget(url)
    const place = places.find(({ entry }) => entry.target !== undefined && entry.target === named)
    return place === undefined ? undefined : { place, protocol: cbor }
  }
  const target = headers['x-amz-target']
  const type = headers['content-type'] ?? ''
  if (typeof target === 'string') {
    const prefix = target.slice(0, target.lastIndexOf('.'))
    const place = places.find(({ entry }) => entry.target !== undefined && entry.target === prefix)
    return place === undefined ? undefined : { place, protocol: type.includes('json-1.1') ? json11 : json10 }
  }
  if (!type.startsWith('application/x-www-form-urlencoded')) return undefined
  const [, service] = scopePattern.exec(headers.authorization ?? '') ?? []
  const version = service === undefined ? versionIn(body) : undefined
  const place = places.find(({ entry }) => entry.signingName === service || entry.version === version)
  return place === undefined ? undefined : { place, protocol: query }
}

const json10 = json('1.0')
const json11 = json('1.1')

/** The service in `Credential=AKID/20260101/us-east-1/monitoring/aws4_request`. */
const scopePattern = /Credential=[^\s,/]+\/[^\s,/]+\/[^\s,/]+\/([^\s,/]+)\/aws4_request/

/** What is not signed is refused in the words of the service whose version it names. */
function versionIn(body: Buffer): string | undefined {
  const text = body.length > serviceRequestBytesMax ? '' : body.toString('latin1')
  return /(?:^|&)Version=(\d{4}-\d\d-\d\d)(?:&|$)/.exec(text)?.[1]
}

type Asked = { readonly requestId: string; readonly protocol: Protocol }

/** One service at this port. */
class Place {
  readonly entry: ServiceEntry
  readonly #options: ServiceFrontOptions
  readonly #regions: SignedRegions
  readonly #signatures: Signatures | undefined
  #service: Promise<Service> | undefined

  constructor(entry: ServiceEntry, options: ServiceFrontOptions) {
    const { regions, credentials, clock } = options
    this.entry = entry
    this.#options = options
    this.#regions = entry.isGlobal === true ? { ...regions, all: () => [] } : regions
    this.#signatures =
      credentials === undefined
        ? undefined
        : new Signatures({ credentials, regions: this.#regions, clock, service: entry.signingName })
  }

  async answer(request: ApiRequest, { requestId, protocol }: Asked): Promise<Answer> {
    this.#service ??= this.entry.load()
    const service = await this.#service
    const { namespace, errorNamespace } = service
    let operation = unknown
    const { signingName: about } = this.entry
    let asked: { principal?: Principal | undefined; resource?: string | undefined } = {}
    const told = (answer: Answer): Answer => {
      auditService(this.#options.audit, answer, { service: about, request, requestId, principal: undefined, ...asked })
      return answer
    }
    try {
      const principal = this.#principalOf(request)
      asked = { principal }
      const named = namedIn(request, protocol)
      const shape = service.inputOf(named)
      if (shape === undefined) throw unknownOperation(named, this.entry)
      operation = named
      const input = protocol.input(shape, request)
      constrainInput(operation, shape, input)
      const { authorize, audit, resourceOf } = this.#options
      const isAsked = authorize !== undefined || audit !== undefined
      const resource = isAsked ? service.resourceOf?.(operation, input) : undefined
      const wanted = { service: about, operation, input, principal, resource }
      if (audit !== undefined) asked = { principal, resource: resourceOf?.(wanted) ?? resource }
      authorize?.(wanted)
      const output = await service.run({ operation, input, requestId, principal })
      return told({ ...protocol.output(output, { operation, requestId, namespace }), operation, outcome: 'ok' })
    } catch (error) {
      const refusal = this.#refusalOf(error, requestId, operation)
      const of = { operation, requestId, namespace, errorNamespace }
      return told({ ...protocol.error(refusal, of), operation, outcome: refusal.code })
    }
  }

  #principalOf(request: ApiRequest): Principal | undefined {
    if (this.#signatures !== undefined) return this.#signatures.verify(request)
    checkRegion(checkAuthorization(signatureOf(request)), this.#regions)
    return undefined
  }

  #refusalOf(error: unknown, requestId: string, operation: string): ServiceRefusal {
    if (error instanceof ServiceRefusal) return error
    const known = error instanceof ServiceError ? error : refusedByStore(error)
    if (known !== undefined) return commonRefusal(known)
    const { log, onBrokenInvariant } = this.#options
    const told = error instanceof Error ? error.stack : String(error)
    log.error('request failed', { requestId, service: this.entry.signingName, operation, error: told })
    if (error instanceof InvariantViolation) onBrokenInvariant(error)
    return internalFailure()
  }
}

const unknown = 'unknown'

function namedIn(request: ApiRequest, protocol: Protocol): string {
  if (request.body.length > serviceRequestBytesMax)
    throw new ServiceRefusal('RequestEntityTooLarge', `A request has at most ${serviceRequestBytesMax} bytes`, {
      type: 'RequestEntityTooLargeException',
      status: 413,
    })
  return protocol.operationOf(request)
}

const shownOperationMax = 100

/** In AWS's words for Query, and with what it means here. */
const unknownOperation = (name: string, { version }: ServiceEntry): ServiceRefusal =>
  new ServiceRefusal(
    'InvalidAction',
    `Could not find operation ${name.slice(0, shownOperationMax)} for version ${version}: this version of Longitude does not serve it`,
    { type: 'UnknownOperationException', status: 400 },
  )
