/**
 * Asks policies whether a request may do what it touches (the stage `authorize` of operations/stages.ts). In `audit` nothing is denied: what
 * would be is logged and counted. Decisions that followed from action and resource alone are kept, as long as the policies stay the same.
 */
import { accessDecisionsMax } from '../../core/access-limits.ts'
import { denialOf, denialText, type Denied } from '../../core/access/denial.ts'
import { type Decision, evaluate, type Named } from '../../core/access/evaluate.ts'
import type { Identities } from '../../core/access/identities.ts'
import type { Facts } from '../../core/access/template.ts'
import { ServiceError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import type { Denials, RequestContext } from '../operation.ts'
import type { Prepared } from '../stages.ts'
import { type Caller, Callers } from './callers.ts'
import { type Permission, permissionsOf } from './permissions.ts'
import { factsOf } from './request-facts.ts'

export type AccessMode = 'audit' | 'strict'

export type AccessSettings = {
  readonly mode: AccessMode
  /** As they are now; another object when anything of them has changed. */
  readonly identities: () => Identities
}

export type Authorizer = (request: Prepared) => Denials | undefined

type Kept = { readonly policy: Named | undefined; readonly decision: Decision }

export function authorizer(settings: AccessSettings): Authorizer {
  const access = new Access(settings)
  return (request) => access.authorize(request)
}

class Access {
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

  /** False where it is only told. */
  #denies(denied: Denied, permission: Permission, caller: Caller, { env }: RequestContext): boolean {
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
    const id = `${context.principal?.accessKeyId ?? ''} ${action} ${resource}`
    const kept = this.#decisions.get(id)
    if (kept !== undefined && kept.policy === policy) return kept.decision
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
      { ...caller.policies, resource: policy },
      { identity, action: `dynamodb:${action}`, resource, resourceAccount, facts: asked.facts },
    )
    if (!asked.any) this.#keep(id, { policy, decision })
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

const unknownCaller = 'The security token included in the request is invalid.'

const askedOf = (caller: Caller, { action, resource }: Permission) => ({
  arn: caller.identity.arn,
  action: `dynamodb:${action}`,
  resource,
})

const accountOf = (resource: string): string | undefined => resource.split(':')[4] || undefined

const tableInArn = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([^/]+)/

function tableAt(resource: string, { settings, engine }: RequestContext): Table | undefined {
  const [, region, accountId, name = ''] = tableInArn.exec(resource) ?? []
  return region === settings.region && accountId === settings.accountId ? engine.tableNamed(name) : undefined
}

/** Tables and streams have no policies yet. */
function policyOf(_table: Table, _resource: string): Named | undefined {
  return undefined
}
