/** The operations of STS (API version 2011-06-15). */
import { sessionPolicyCharactersMax } from '../../core/limits/access-limits.ts'
import { evaluate } from '../../core/access/evaluate-policies.ts'
import { parsePolicyText, PolicyProblem } from '../../core/access/parse-policy.ts'
import { lastOf } from '../../core/access/principals.ts'
import type { Role } from '../../core/access/identities/identities.ts'
import type { Session } from '../../core/auth/credentials.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { linkedInputs } from '../../core/wire/model/linking.ts'
import { model } from '../../core/wire/model/sts-model.ts'
import { type Caller, Callers } from '../access/callers.ts'
import { factsOf } from '../access/request-facts.ts'
import type { Service, ServiceCall } from '../service-entry.ts'
import type { StsPorts } from './sts-ports.ts'

type Input = {
  readonly RoleArn?: string
  readonly RoleSessionName?: string
  readonly DurationSeconds?: number
  readonly Policy?: string
  readonly PolicyArns?: readonly { readonly arn?: string }[]
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[]
}

export function stsService(ports: StsPorts): Service {
  const inputs = linkedInputs(model)
  const sts = new Sts(ports)
  return {
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    errorNamespace: 'com.amazonaws.sts',
    inputOf: (operation) => inputs.get(operation),
    run: (call) => sts.run(call),
  }
}

const hourSeconds = 3600
const userSessionSeconds = 12 * hourSeconds

class Sts {
  readonly #ports: StsPorts
  readonly #callers: Callers

  constructor(ports: StsPorts) {
    this.#ports = ports
    this.#callers = new Callers(ports.identities)
  }

  run({ operation, input, principal }: ServiceCall): object {
    const caller = this.#callers.callerOf(principal)
    if (caller === undefined) throw new ServiceRefusal('InvalidClientTokenId', invalidToken, { status: 403 })
    refuseUnmet(input)
    switch (operation) {
      case 'AssumeRole':
        return this.#assumeRole(input, caller, principal?.accessKeyId ?? '')
      case 'GetSessionToken':
        return this.#getSessionToken(input, caller, principal?.accessKeyId ?? '')
      default: {
        const { userId, accountId, arn } = caller.identity
        return { UserId: userId, Account: accountId, Arn: arn }
      }
    }
  }

  #assumeRole(input: Input, caller: Caller, issuer: string): object {
    const { RoleArn: roleArn = '', RoleSessionName: name = '', Policy: policy, PolicyArns: arns = [] } = input
    const role = this.#assumable(roleArn, input, caller)
    const seconds = durationOf(input, role, caller)
    checkPolicy(policy)
    const policyArns = arns.map(({ arn = '' }) => this.#managed(arn))
    const session: Session = {
      issuer,
      roleArn,
      name,
      ...(policy === undefined ? {} : { policy }),
      ...(policyArns.length === 0 ? {} : { policyArns }),
      tags: Object.fromEntries((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
      ...this.#lasting(seconds),
    }
    const { accountId } = caller.identity
    return {
      Credentials: this.#issued(session),
      AssumedRoleUser: {
        AssumedRoleId: `${role.id}:${name}`,
        Arn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${name}`,
      },
      ...(policy === undefined ? {} : { PackedPolicySize: packedPercent(policy) }),
    }
  }

  #getSessionToken({ DurationSeconds: seconds = userSessionSeconds }: Input, caller: Caller, issuer: string): object {
    const { identity, userName, issuedMs } = caller
    if (issuedMs !== undefined || identity.kind === 'assumed-role')
      throw denied('Cannot call GetSessionToken with session credentials')
    const lasting = this.#lasting(identity.kind === 'root' ? Math.min(seconds, hourSeconds) : seconds)
    return { Credentials: this.#issued({ issuer, ...(userName === undefined ? {} : { userName }), ...lasting }) }
  }

  /** The trust policy stands where a resource's policy does. Tags of the session need a permission of their own, on both sides. */
  #assumable(roleArn: string, input: Input, caller: Caller): Role {
    const { identities, mode, clock } = this.#ports
    const { identity } = caller
    if (identity.kind === 'root') throw denied('Roles may not be assumed by root accounts.')
    const refused = (action: string): ServiceRefusal =>
      denied(`User: ${identity.arn} is not authorized to perform: ${action} on resource: ${roleArn}`)
    const role = identities().roles.get(lastOf(roleArn))
    if (role === undefined || role.arn !== roleArn) throw refused('sts:AssumeRole')
    if (mode !== 'strict') return role
    const around = { sender: undefined, table: undefined, region: '', resourceAccount: identity.accountId }
    for (const action of ['sts:AssumeRole', ...((input.Tags ?? []).length > 0 ? ['sts:TagSession'] : [])]) {
      const facts = factsOf({ caller, touch: { action }, action, input, nowMs: clock.wallMs(), ...around })
      const request = { identity, action, resource: roleArn, resourceAccount: identity.accountId, facts }
      if (!evaluate({ ...caller.policies, resource: role.trust }, request).allowed) throw refused(action)
      if (!isTrusted(role, request)) throw refused(action)
    }
    return role
  }

  #managed(arn: string): string {
    if (!this.#ports.identities().policies.has(arn))
      throw new ServiceRefusal('ValidationError', `The managed policy ${arn} is not found`)
    return arn
  }

  #lasting(seconds: number): Pick<Session, 'issuedMs' | 'expiresMs'> {
    // The expiration is told in whole seconds.
    const issuedMs = Math.floor(this.#ports.clock.wallMs() / 1000) * 1000
    return { issuedMs, expiresMs: issuedMs + seconds * 1000 }
  }

  #issued(session: Session): object {
    const issue = this.#ports.issue()
    if (issue === undefined)
      throw new ServiceRefusal(
        'ServiceUnavailable',
        'Sessions need a "sessionKey" of at least 32 characters in the file of identities (docs/operating/access.md)',
        { status: 503 },
      )
    const { accessKeyId, secretAccessKey, sessionToken } = issue(session, this.#ports.random.bytes(16))
    return {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(session.expiresMs),
    }
  }
}

/** What a client asks for is never dropped in silence: policies may rest on it. */
function refuseUnmet(input: object): void {
  const unmet = notActedOn.find((member) => Object.hasOwn(input, member))
  if (unmet !== undefined)
    throw new ServiceRefusal('ValidationError', `${unmet} is not acted on by this version of Longitude`)
}

const notActedOn = ['SerialNumber', 'TokenCode', 'SourceIdentity', 'TransitiveTagKeys', 'ProvidedContexts']

const invalidToken = 'The security token included in the request is invalid'
const denied = (message: string): ServiceRefusal => new ServiceRefusal('AccessDenied', message, { status: 403 })

/** An identity's own allow is not enough: the role has to trust the caller, also within its account. */
function isTrusted({ trust }: Role, request: Parameters<typeof evaluate>[1]): boolean {
  const foreign = { ...request, resourceAccount: '' }
  const allowed = { name: '', policy: parsePolicyText(everything, 'identity') }
  return evaluate({ identity: [allowed], resource: trust }, foreign).allowed
}

const everything = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'

function durationOf({ DurationSeconds: given = hourSeconds }: Input, role: Role, caller: Caller): number {
  if (caller.identity.kind === 'assumed-role' && given > hourSeconds)
    throw new ServiceRefusal(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
  if (given > (role.definition.maxSessionSeconds ?? hourSeconds))
    throw new ServiceRefusal(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  return given
}

function checkPolicy(text: string | undefined): void {
  if (text === undefined) return
  if (text.length > sessionPolicyCharactersMax)
    throw new ServiceRefusal(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${packedPercent(text)}% of allotted space, please use smaller policy.`,
      { type: 'PackedPolicyTooLargeException' },
    )
  try {
    parsePolicyText(text, 'identity')
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error
    throw new ServiceRefusal('MalformedPolicyDocument', error.message, { type: 'MalformedPolicyDocumentException' })
  }
}

const packedPercent = (text: string): number => Math.ceil((text.length / sessionPolicyCharactersMax) * 100)
