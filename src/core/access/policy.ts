/** A policy as it is worked with: everything that can be compiled is. parse-policy.ts makes it of a document. */
import type { Condition } from './policy-conditions.ts'
import type { PrincipalNames } from './principals.ts'
import type { Template } from './template.ts'

export type PolicyVersion = '2008-10-17' | '2012-10-17'

/** `isNot`: all but these, as NotAction and NotResource say it. */
export type Matched = { readonly isNot: boolean; readonly patterns: readonly Template[] }

export type Statement = {
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  /** Only in policies of resources and in trust policies. */
  readonly principals?: { readonly isNot: boolean; readonly names: PrincipalNames }
  readonly actions: Matched
  /** Absent in trust policies. */
  readonly resources?: Matched
  readonly conditions: readonly Condition[]
}

export type Policy = {
  readonly version: PolicyVersion
  readonly id?: string
  readonly statements: readonly Statement[]
}

/** A statement as people are told of it. */
export const statementName = ({ statements }: Policy, statement: Statement): string =>
  statement.sid === undefined || statement.sid === ''
    ? `statement ${statements.indexOf(statement) + 1}`
    : `statement ${statement.sid}`
