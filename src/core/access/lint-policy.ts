/** What is usually wrong with policies for DynamoDB: each finding is one sentence that says what follows from it. */
import { dynamoDbActions } from './dynamodb-actions.ts'
import { globMatches } from './glob.ts'
import { type Policy, type Statement, statementName } from './policy.ts'

export type Finding = { readonly statement: string; readonly problem: string }

export function lintPolicy(policy: Policy): readonly Finding[] {
  return policy.statements.flatMap((statement) => {
    const actions = actionsOf(statement)
    return rules
      .flatMap((rule) => rule(statement, actions, policy))
      .map((problem) => ({ statement: statementName(policy, statement), problem }))
  })
}

type Rule = (statement: Statement, actions: readonly string[], policy: Policy) => readonly string[]

/** DynamoDB's actions that the statement is about, without their prefix. */
function actionsOf({ actions: { isNot, patterns } }: Statement): readonly string[] {
  return [...dynamoDbActions.keys()].filter(
    (action) => patterns.some(({ glob = [] }) => globMatches(glob, `dynamodb:${action}`.toLowerCase())) !== isNot,
  )
}

const rules: readonly Rule[] = [
  unknownActions,
  leadingKeysWithScan,
  attributesWithoutSelect,
  missingKeys,
  keysOfNoAction,
  wildcardsThatAreNone,
  variablesThatAreNone,
  accountWideActions,
  everything,
]

function unknownActions({ actions: { patterns } }: Statement): readonly string[] {
  const known = [...dynamoDbActions.keys()].map((action) => `dynamodb:${action}`.toLowerCase())
  return patterns
    .filter(({ text, glob = [] }) => text.startsWith('dynamodb:') && !known.some((each) => globMatches(glob, each)))
    .map(({ text }) => `no action of DynamoDB is called ${text}: it allows and denies nothing`)
}

const conditionOn = ({ conditions }: Statement, key: string) =>
  conditions.filter((condition) => condition.key === `dynamodb:${key}`.toLowerCase())

const isForAll = (operator: string): boolean => operator.startsWith('ForAllValues:')

/** A Scan has no leading keys, and a condition over nothing holds. */
function leadingKeysWithScan(statement: Statement, actions: readonly string[]): readonly string[] {
  const named = [...conditionOn(statement, 'LeadingKeys'), ...conditionOn(statement, 'FirstPartitionKeyValues')]
  if (statement.effect !== 'Allow' || !named.some(({ operator }) => isForAll(operator))) return []
  return actions.includes('Scan')
    ? ['it allows Scan, which has no leading keys: ForAllValues holds for it, and the whole table can be read']
    : []
}

function attributesWithoutSelect(statement: Statement, actions: readonly string[]): readonly string[] {
  if (statement.effect !== 'Allow' || conditionOn(statement, 'Attributes').length === 0) return []
  const found: string[] = []
  const reads = actions.filter((action) => dynamoDbActions.get(action)?.keys.includes('dynamodb:Select'))
  if (reads.length > 0 && conditionOn(statement, 'Select').length === 0)
    found.push(
      `it limits attributes without dynamodb:Select = SPECIFIC_ATTRIBUTES: ${reads[0]} without a projection returns all attributes`,
    )
  const writes = actions.filter((action) => dynamoDbActions.get(action)?.keys.includes('dynamodb:ReturnValues'))
  if (
    writes.some((action) => /^(Put|Update|Delete)Item$/.test(action)) &&
    conditionOn(statement, 'ReturnValues').length === 0
  )
    found.push(
      'it limits attributes without dynamodb:ReturnValues = NONE, UPDATED_OLD, UPDATED_NEW: writes can return all attributes',
    )
  return found
}

function missingKeys({ effect, conditions }: Statement): readonly string[] {
  const guarded = new Set(conditions.filter(({ operator }) => operator === 'Null').map(({ key }) => key))
  return conditions
    .filter(
      ({ operator, key }) => effect === 'Allow' && isForAll(operator) && key.startsWith('aws:') && !guarded.has(key),
    )
    .map(
      ({ key }) =>
        `ForAllValues holds where a request has no ${key}: add Null with false, or requests without it are allowed`,
    )
}

function keysOfNoAction({ conditions, effect }: Statement, actions: readonly string[]): readonly string[] {
  if (actions.length === 0) return []
  return conditions
    .filter(({ key }) => key.startsWith('dynamodb:'))
    .filter(
      ({ key }) =>
        !actions.some((action) => dynamoDbActions.get(action)?.keys.some((each) => each.toLowerCase() === key)),
    )
    .map(
      ({ key }) =>
        `none of its actions has the condition key ${key}: the statement ${effect === 'Allow' ? 'allows' : 'denies'} by it nothing that is meant`,
    )
}

function wildcardsThatAreNone({ conditions }: Statement): readonly string[] {
  return conditions
    .filter(
      ({ operator, values }) =>
        /String(Not)?Equals/.test(operator) &&
        values.some((value) => value.replaceAll(/\$\{[^}]*\}/g, '').includes('*')),
    )
    .map(({ operator, key }) => `${operator} takes the * of its value for ${key} literally: StringLike is meant`)
}

function variablesThatAreNone(
  { conditions, resources }: Statement,
  _actions: readonly string[],
  policy: Policy,
): readonly string[] {
  if (policy.version === '2012-10-17') return []
  const texts = [...conditions.flatMap(({ values }) => values), ...(resources?.patterns ?? []).map(({ text }) => text)]
  return texts.some((text) => text.includes('${'))
    ? ['its ${…} are texts like others: policy variables need "Version": "2012-10-17"']
    : []
}

/** Actions without a resource are asked for on `*`. */
function accountWideActions({ resources, effect }: Statement, actions: readonly string[]): readonly string[] {
  if (resources === undefined || resources.isNot || effect !== 'Allow') return []
  if (resources.patterns.some(({ glob = [] }) => globMatches(glob, '*'))) return []
  const lost = actions.filter((action) => dynamoDbActions.get(action)?.resources.includes('none'))
  // `dynamodb:*` on one table is not meant for them.
  return lost.length === 0 || actions.length > actionsNamedMax
    ? []
    : [`${lost.join(', ')} have no resource: they need "Resource": "*"`]
}

const actionsNamedMax = 10

function everything({ effect, actions, resources, conditions }: Statement): readonly string[] {
  const isAll = actions.patterns.some(({ text }) => text === '*') && !actions.isNot
  const isAnywhere = resources === undefined || resources.patterns.some(({ text }) => text === '*')
  return effect === 'Allow' && isAll && isAnywhere && conditions.length === 0 ? ['it allows everything'] : []
}
