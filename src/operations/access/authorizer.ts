/**
 * Asks policies whether a request may do what it touches (the stage `authorize` of operations/stages.ts). In `audit` nothing is denied: what
 * would be is logged and counted. Decisions that followed from action and resource alone are kept, as long as the policies stay the same.
 */
import { accessDecisionsMax } from '../../core/limits/access-limits.ts'
import { denialOf, denialText, type Denied } from '../../core/access/denial.ts'
import { type Decision, evaluate, type Named } from '../../core/access/evaluate-policies.ts'
import type { Identities } from '../../core/access/identities/identities.ts'
import { parsePolicyText } from '../../core/access/parse-policy.ts'
import type { Facts } from '../../core/access/template.ts'
import type { Principal } from '../../core/auth/credentials.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { KeptPolicy, Table } from '../../core/table/table.ts'
import type { Denials, OperationSettings, RequestContext, Sender } from '../operation.ts'
import type { Touch } from '../touch.ts'
import type { Decisions, Prepared } from '../stages.ts'
import { type Caller, Callers } from './callers.ts'
import type { IamFacts } from './iam-request.ts'
import { type Permission, permissionsOf } from './permissions.ts'
import { factsOf } from './request-facts.ts'

export type AccessMode = 'audit' | 'strict'

export type AccessSettings = {
  readonly mode: AccessMode
  /** As they are now; another object when anything of them has changed. */
  readonly identities: () => Identities
  /** Of the private listener, as it is now; undefined: it allows all. */
  readonly endpointPolicy?: (() => Named | undefined) | undefined
}

type Kept = { readonly policy: Named | undefined; readonly endpoint: Named | undefined; readonly decision: Decision }

/** An action of another service than DynamoDB, on something that is no table. */
export type ForeignAction = {
  /** `lambda:CreateEventSourceMapping` */
  readonly action: string
  /** Undefined for the principal itself. */
  readonly resource: string | undefined
  readonly principal: Principal | undefined
  /** The transaction that it is a part of. */
  readonly enclosingOperation?: NonNullable<Touch['says']>['enclosingOperation'] | undefined
  readonly sender?: Sender | undefined
  /** Of a request to IAM. */
  readonly iam?: IamFacts | undefined
}

/** For the stage `authorize`; undefined where policies decide nothing. */
export function authorizing(settings: AccessSettings): NonNullable<Decisions['authorize']> {
  const access = new Access(settings)
  return (request) => access.authorize(request)
}

/** What decisions need of what acts. */
export type AccessEnv = Pick<RequestContext['env'], 'clock' | 'log' | 'meter'>

type Around = { readonly env: AccessEnv; readonly settings: Pick<OperationSettings, 'region' | 'accountId'> }

export class Access {
  readonly #settings: AccessSettings
  readonly #callers: Callers
  #known: Identities | undefined
  readonly #decisions = new Map<string, Kept>()

  constructor(settings: AccessSettings) {
    this.#settings = settings
    this.#callers = new Callers(settings.identities)
  }

  authorize(request: Prepared): Denials | undefined {
    const { context, operation, input } = request
    const caller = this.#callers.callerOf(context.principal)
    if (caller === undefined) throw new ServiceError('UnrecognizedClientException', unknownCaller)
    const permissions = permissionsOf({ operation, input, touches: request.touches() }, context.settings)
    if (operation === 'PutResourcePolicy') this.#refuseLockOut(permissions, caller, request)
    const isBatch = operation === 'BatchExecuteStatement'
    const denials: (ServiceError | undefined)[] = []
    for (const permission of permissions) {
      const decision = this.#decisionOf(permission, caller, request)
      if (decision.allowed || !this.#denies(decision, permission, caller, context)) continue
      const error = denialOf(askedOf(caller, permission), decision)
      if (!isBatch) throw error
      denials[permission.at] ??= error
    }
    return denials.length === 0 ? undefined : Array.from({ length: permissions.length }, (_, at) => denials[at])
  }

  /** Throws the ServiceError that the request is refused with. */
  authorizeAction(foreign: ForeignAction, { env, settings }: Around): void {
    const { action, principal } = foreign
    const caller = this.#callers.callerOf(principal)
    if (caller === undefined) throw new ServiceError('UnrecognizedClientException', unknownCaller)
    const resource = foreign.resource ?? caller.identity.arn
    const decision = this.#foreignDecision({ ...foreign, resource }, caller, { env, settings })
    if (decision.allowed || !this.#denies(decision, { action, resource }, caller, { env })) return
    throw denialOf({ arn: caller.identity.arn, action, resource }, decision)
  }

  #foreignDecision(
    { action, resource, principal, enclosingOperation, sender, iam }: ForeignAction & { readonly resource: string },
    caller: Caller,
    { env, settings: { region, accountId: resourceAccount } }: Around,
  ): Decision {
    this.#follow()
    const id = `${principal?.accessKeyId ?? ''} ${action} ${enclosingOperation ?? ''} ${resource}`
    const kept = this.#decisions.get(id)
    if (kept !== undefined) return kept.decision
    const touch = enclosingOperation === undefined ? { action } : { action, says: { enclosingOperation } }
    const around = { sender, region, resourceAccount, nowMs: env.clock.wallMs() }
    const asked = new Asked(factsOf({ caller, touch, action, input: iam?.input, table: undefined, iam, ...around }))
    const { identity, policies } = caller
    const decision = evaluate(policies, { identity, action, resource, resourceAccount, facts: asked.facts })
    if (!asked.any) this.#keep(id, { policy: undefined, endpoint: undefined, decision })
    return decision
  }

  /** A policy that takes from its writer the right to change it is taken only when that is confirmed. */
  #refuseLockOut([permission]: readonly Permission[], caller: Caller, { context, input }: Prepared): void {
    const { Policy: text = '', ConfirmRemoveSelfResourceAccess: confirmed } = input as PolicyInput
    if (permission === undefined || confirmed === true || caller.identity.kind === 'root') return
    if (this.#settings.mode !== 'strict') return
    const resource = { name: 'the policy', policy: parsePolicyText(text, 'resource') }
    const decision = evaluate(
      { identity: [], resource },
      {
        identity: caller.identity,
        action: 'dynamodb:PutResourcePolicy',
        resource: permission.resource,
        resourceAccount: context.settings.accountId,
        facts: () => undefined,
      },
    )
    if (!decision.allowed && decision.by !== undefined) throw validationError(lockOut)
  }

  /** False where it is only told. */
  #denies(denied: Denied, permission: Wanted, caller: Caller, { env }: Pick<Around, 'env'>): boolean {
    const { mode } = this.#settings
    env.meter.count('longitude_access_denied_total', { action: permission.action, mode })
    if (mode === 'strict') return true
    env.log.warn('access: this would be denied', { denial: denialText(askedOf(caller, permission), denied) })
    return false
  }

  #decisionOf(permission: Permission, caller: Caller, request: Prepared): Decision {
    const { context, input } = request
    const { action, resource, touch } = permission
    this.#follow()
    const resourceAccount = accountOf(resource) ?? context.settings.accountId
    const table = tableAt(resource, context)
    const policy = table === undefined ? undefined : policyOf(table, resource)
    const by = context.sender?.endpoint
    const endpoint = by === undefined ? undefined : this.#settings.endpointPolicy?.()
    const id = `${context.principal?.accessKeyId ?? ''} ${action} ${resource}`
    if (caller.identity.kind === 'root' && alwaysOfRoot.has(action) && endpoint === undefined) return { allowed: true }
    const kept = this.#decisions.get(id)
    if (kept !== undefined && kept.policy === policy && kept.endpoint === endpoint) return kept.decision
    const asked = new Asked(
      factsOf({
        caller,
        touch,
        action,
        input,
        table,
        sender: context.sender,
        region: context.settings.region,
        resourceAccount,
        nowMs: context.env.clock.wallMs(),
      }),
    )
    const { identity } = caller
    const decision = evaluate(
      { ...caller.policies, resource: policy, endpoint },
      { identity, action: `dynamodb:${action}`, resource, resourceAccount, facts: asked.facts },
    )
    if (!asked.any) this.#keep(id, { policy, endpoint, decision })
    return decision
  }

  #keep(id: string, kept: Kept): void {
    if (this.#decisions.size >= accessDecisionsMax) this.#decisions.clear()
    this.#decisions.set(id, kept)
  }

  #follow(): void {
    const identities = this.#settings.identities()
    if (identities === this.#known) return
    this.#known = identities
    this.#decisions.clear()
  }
}

/** Notes whether a decision depends on more than action and resource. */
class Asked {
  any = false
  readonly facts: Facts

  constructor(facts: Facts) {
    this.facts = (key) => {
      this.any = true
      return facts(key)
    }
  }
}

type PolicyInput = { readonly Policy?: string; readonly ConfirmRemoveSelfResourceAccess?: boolean }

const lockOut =
  'The policy would keep its writer from changing it in the future: set ConfirmRemoveSelfResourceAccess to true to confirm that'

/** Whatever the policy denies: the account is never locked out for good. */
const alwaysOfRoot: ReadonlySet<string> = new Set(['DeleteResourcePolicy', 'GetResourcePolicy', 'PutResourcePolicy'])

const unknownCaller = 'The security token included in the request is invalid.'

type Wanted = Pick<Permission, 'action' | 'resource'>

/** Actions without a prefix are DynamoDB's. */
const askedOf = (caller: Caller, { action, resource }: Wanted) => ({
  arn: caller.identity.arn,
  action: action.includes(':') ? action : `dynamodb:${action}`,
  resource,
})

const accountOf = (resource: string): string | undefined => resource.split(':')[4] || undefined

const tableInArn = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([^/]+)/

function tableAt(resource: string, { settings, engine }: RequestContext): Table | undefined {
  const [, region, accountId, name = ''] = tableInArn.exec(resource) ?? []
  return region === settings.region && accountId === settings.accountId ? engine.tableNamed(name) : undefined
}

/** The policy of a table is that of its indexes too; a stream has its own. */
function policyOf({ settings: { resourcePolicy, streamPolicy } }: Table, resource: string): Named | undefined {
  const label = /\/stream\/(.+)$/.exec(resource)?.[1]
  const kept = label === undefined ? resourcePolicy : streamPolicy?.label === label ? streamPolicy : undefined
  if (kept?.text === undefined) return undefined
  let named = compiled.get(kept)
  if (named === undefined) {
    named = { name: `the policy of ${resource}`, policy: parsePolicyText(kept.text, 'resource') }
    compiled.set(kept, named)
  }
  return named
}

const compiled = new WeakMap<KeptPolicy, Named>()
