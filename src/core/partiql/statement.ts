/**
 * PartiQL statements as data, parameters already in their places. Conditions and updates are those of the expression
 * language: there is one evaluator and one way to write, whatever language a request came in.
 */
import type { Item } from '../attribute/value.ts'
import type { Condition } from '../expression/condition.ts'
import type { Path } from '../expression/path.ts'
import type { UpdateAction } from '../expression/update.ts'

export type Returning = 'ALL_OLD' | 'ALL_NEW' | 'MODIFIED_OLD' | 'MODIFIED_NEW'

export type Select = {
  readonly kind: 'select'
  readonly table: string
  readonly index?: string
  /** undefined for `*`. */
  readonly paths?: readonly Path[]
  readonly where?: Condition
  readonly orderBy?: readonly { readonly attribute: string; readonly descending: boolean }[]
}

export type Insert = { readonly kind: 'insert'; readonly table: string; readonly item: Item }

export type UpdateStatement = {
  readonly kind: 'update'
  readonly table: string
  readonly actions: readonly UpdateAction[]
  readonly where: Condition
  readonly returning?: Returning
}

export type Delete = {
  readonly kind: 'delete'
  readonly table: string
  readonly where: Condition
  readonly returning?: Returning
}

/** `EXISTS(SELECT …)`: a condition check, allowed in transactions only. */
export type Exists = { readonly kind: 'exists'; readonly select: Select }

export type Statement = Select | Insert | UpdateStatement | Delete | Exists
