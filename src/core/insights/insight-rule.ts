/** Contributor insights of a table or a global index, as they are set, and the rules that CloudWatch shows of them. */

export type InsightsMode = 'ACCESSED_AND_THROTTLED_KEYS' | 'THROTTLED_KEYS'

/** By partition key or by both keys (P, S), accessed or throttled (C, T), as AWS names its rules. */
const ruleKinds = ['PKC', 'PKT', 'SKC', 'SKT'] as const
export type RuleKind = (typeof ruleKinds)[number]

export type InsightsSetting = {
  readonly isEnabled: boolean
  readonly mode: InsightsMode
  /** Of its rules. */
  readonly createdMs: number
  readonly updatedMs: number
  /** Rules that are disabled by themselves. */
  readonly off?: readonly RuleKind[]
  /** Why it could not be enabled. */
  readonly failure?: string
}

/** By the name of the index; the table itself has the empty name. */
export type InsightsRegister = Readonly<Record<string, InsightsSetting>>

export type InsightRule = {
  readonly name: string
  readonly kind: RuleKind
  readonly table: string
  readonly index: string
  readonly isEnabled: boolean
}

/** Rules of a setting that is enabled; `hasSort`: the key has a second part. */
export function kindsOf({ isEnabled, mode }: InsightsSetting, hasSort: boolean): readonly RuleKind[] {
  if (!isEnabled) return []
  return ruleKinds.filter(
    (kind) => (hasSort || kind.startsWith('P')) && (mode !== 'THROTTLED_KEYS' || kind.endsWith('T')),
  )
}

type Of = { readonly table: string; readonly index: string; readonly createdMs: number }

export const ruleName = (kind: RuleKind, { table, index, createdMs }: Of): string =>
  `DynamoDBContributorInsights-${kind}-${index === '' ? table : `${table}-${index}`}-${createdMs}`
