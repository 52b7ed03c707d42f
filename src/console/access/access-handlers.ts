/** What the page of access asks: who there is, what is usually wrong, what was denied, and whether somebody may do something. */
import { deniedShownMax, identitiesShownMax } from '../../core/limits/console-limits.ts'
import { dynamoDbActions } from '../../core/access/dynamodb-actions.ts'
import type { Named } from '../../core/access/evaluate-policies.ts'
import type { Identities, Principalled, UserDefinition } from '../../core/access/identities/identities.ts'
import { lintIdentities } from '../../core/access/identities/lint-identities.ts'
import { parsePolicyText } from '../../core/access/parse-policy.ts'
import type { Administered } from '../../deployment/endpoints.ts'
import type { Handlers } from '../../deployment/control/call-server.ts'
import { NoAnswer, Refusal, type Wire } from '../../drills/run/load/wire.ts'
import { tableArn } from '../../operations/arns.ts'
import { explain, NotExplained } from '../../operations/access/explained.ts'
import { exchange } from '../../process/requests/exchange.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import type { AskedOf, consoleCalls, ToldOf } from '../console-calls.ts'
import { samplesOf } from './denials.ts'

export type AccessReach = {
  readonly regions: readonly Administered[]
  readonly wire: Wire
  /** Undefined where there is no file of identities. */
  readonly identities: (() => Identities) | undefined
  /** As the regions were told it, by the one who started this console too. */
  readonly mode: 'off' | 'audit' | 'strict'
}

const answerMsMax = 5000

export function accessHandlers(reach: AccessReach): Pick<Handlers<typeof consoleCalls>, 'access' | 'explain'> {
  return {
    access: async () => {
      const problems: string[] = []
      const denials = await Promise.all(
        reach.regions.map(async (at) => {
          try {
            return await denialsOf(at)
          } catch (error) {
            problems.push(`${at[0]}: ${messageOf(error)}`)
            return []
          }
        }),
      )
      const shown = denials.flat().toSorted((a, b) => b.count - a.count)
      const identities = reach.identities?.()
      return {
        ...(identities === undefined ? {} : { mode: reach.mode, identities: shownOf(identities) }),
        actions: [...dynamoDbActions.keys()].toSorted(),
        denials: shown.slice(0, deniedShownMax),
        problems,
      }
    },
    explain: async (asked) => await explained(reach, asked),
  }
}

function shownOf(identities: Identities): NonNullable<ToldOf<'access'>['identities']> {
  const { users, roles, definitions } = identities
  const policiesOf = ({ policies: { identity, boundary } }: Principalled) => ({
    policies: identity.map(({ name }) => name),
    ...(boundary === undefined ? {} : { boundary: boundary.name }),
  })
  const all = [
    ...[...users.values()].map((user) => ({
      name: user.name,
      arn: user.arn,
      kind: 'user' as const,
      groups: user.definition.groups ?? [],
      keys: activeKeys(user.definition),
      ...policiesOf(user),
    })),
    ...[...roles.values()].map((role) => ({
      name: `role/${role.name}`,
      arn: role.arn,
      kind: 'role' as const,
      groups: [],
      ...policiesOf(role),
    })),
  ]
  return {
    accountId: identities.accountId,
    count: all.length,
    principals: all.slice(0, identitiesShownMax),
    findings: lintIdentities(definitions).slice(0, identitiesShownMax),
  }
}

const activeKeys = ({ accessKeys = [] }: UserDefinition): number =>
  accessKeys.filter(({ status }) => status !== 'Inactive').length

async function denialsOf([region, endpoint]: Administered): Promise<ToldOf<'access'>['denials']> {
  const { text } = await exchange(`${endpoint}/metrics`, { timeoutMs: answerMsMax })
  return samplesOf(text, 'longitude_access_denied_total')
    .filter(({ value }) => value > 0)
    .map(({ labels: { action = '', mode = '' }, value }) => ({ region, action, mode, count: value }))
}

async function explained(reach: AccessReach, asked: AskedOf<'explain'>): Promise<ToldOf<'explain'>> {
  const identities = reach.identities?.()
  if (identities === undefined) throw new Failure('there is no file of identities: every key may do everything')
  const { table } = asked
  const found = table === undefined ? {} : await policyOf(reach, asked.region, table, identities.accountId)
  try {
    const { resourcePolicy, note } = found
    const told = explain(identities, { ...asked, resourcePolicy, nowMs: Date.now() })
    return { ...told, because: note === undefined ? told.because : [...told.because, note] }
  } catch (error) {
    if (error instanceof NotExplained) throw new Failure(error.message)
    throw error
  }
}

type Found = { readonly resourcePolicy?: Named; readonly note?: string }

/** The policy of the table itself, as the region has it. */
async function policyOf(
  { regions, wire }: AccessReach,
  region: string,
  table: string,
  accountId: string,
): Promise<Found> {
  const [, endpoint] = regions.find(([name]) => name === region) ?? []
  if (endpoint === undefined) throw new Failure(`no region ${region} here`)
  try {
    const input = { ResourceArn: tableArn({ region, accountId }, table) }
    const { Policy: text } = await wire.send({ region, endpoint }, 'GetResourcePolicy', input, answerMsMax)
    if (typeof text !== 'string') return {}
    return { resourcePolicy: { name: `the policy of ${table}`, policy: parsePolicyText(text, 'resource') } }
  } catch (error) {
    if (error instanceof Refusal && /^(PolicyNotFound|ResourceNotFound)Exception$/.test(error.type)) return {}
    if (error instanceof Refusal || error instanceof NoAnswer)
      return { note: `the table's own policy is not known: ${error.message}` }
    throw error
  }
}
