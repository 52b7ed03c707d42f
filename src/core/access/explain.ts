/** Why a statement is about a request, or is not: for people who ask why they are denied. */
import type { AccessRequest } from './evaluate-policies.ts'
import { matchesStatement } from './evaluate-policies.ts'
import type { Statement } from './policy.ts'

const shown = (values: readonly string[] | undefined): string =>
  values === undefined || values.length === 0 ? 'the request has no such key' : `the request says ${values.join(', ')}`

/** The first part of the statement that keeps it from applying; undefined where it applies. */
export function whyNot(statement: Statement, request: AccessRequest): string | undefined {
  if (matchesStatement(statement, request)) return undefined
  const { principals, actions, resources, conditions } = statement
  const bare = { effect: statement.effect, conditions: [] as const }
  const any = { isNot: false, patterns: [] } as const
  const appliesWith = (part: Partial<Statement>): boolean =>
    matchesStatement({ ...bare, actions: { ...any, isNot: true }, ...part }, request)
  if (principals !== undefined && !appliesWith({ principals })) return 'it is about other principals'
  if (!appliesWith({ actions }))
    return `it is about other actions (${actions.patterns.map(({ text }) => text).join(', ')})`
  if (resources !== undefined && !appliesWith({ resources }))
    return `it is about other resources (${resources.patterns.map(({ text }) => text).join(', ')})`
  const failed = conditions.find((condition) => !condition.holds(request.facts))
  if (failed === undefined) return 'it does not apply'
  const { operator, key, values } = failed
  return `its condition ${operator} ${key} ${values.join(', ')} does not hold: ${shown(request.facts(key))}`
}
