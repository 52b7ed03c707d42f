/**
 * A service of AWS beside DynamoDB at a region's port, as data: how its requests are told apart, its model, and its operations. The front
 * (http/services) speaks its protocols, verifies signatures and asks whether an operation is authorised; a service does neither.
 */
import type { Principal } from '../core/auth/credentials.ts'
import type { Structure } from '../core/wire/model/shape.ts'

/** What is known of a service before anything is asked of it. */
export type ServiceEntry = {
  /** In the scope of signatures: `monitoring`. */
  readonly signingName: string
  /** Of its API, as the Query protocol names it. */
  readonly version: string
  /** Of its JSON and CBOR protocols; none where it has only Query. */
  readonly target?: string
  /** Served for signatures of every region, as IAM is. */
  readonly isGlobal?: boolean
  /** Loads the model and the operations, when the first request comes. */
  readonly load: () => Promise<Service>
}

export type Service = {
  /** Of its XML. */
  readonly namespace: string
  /** Of its errors' types in JSON and CBOR: `com.amazonaws.cloudwatch`. */
  readonly errorNamespace: string
  /** Undefined for what is no operation here. */
  readonly inputOf: (operation: string) => Structure | undefined
  /** What policies are asked about, where the service knows it. */
  readonly resourceOf?: (operation: string, input: ServiceCall['input']) => string
  /** Throws a ServiceRefusal or a ServiceError. An output of undefined has no result element in Query. */
  readonly run: (call: ServiceCall) => object | undefined | Promise<object | undefined>
}

export type ServiceCall = {
  readonly operation: string
  /** In form and within the model's constraints; timestamps are seconds since 1970. */
  readonly input: Readonly<Record<string, unknown>>
  readonly requestId: string
  /** Undefined where signatures are looked at in form only. */
  readonly principal: Principal | undefined
}

/** Throws the error that an operation is refused with which its principal may not ask for. */
export type AuthorizeService = (
  asked: Omit<ServiceCall, 'requestId'> & { readonly service: string; readonly resource?: string | undefined },
) => void
