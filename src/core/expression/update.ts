/** Updates as data: UpdateExpression, the legacy AttributeUpdates and PartiQL's SET and REMOVE all become this. */
import type { AttributeValue } from '../attribute/value.ts'
import type { Path } from './path.ts'

export type UpdateOperand =
  | { readonly path: Path }
  | { readonly value: AttributeValue }
  | { readonly ifNotExists: Path; readonly otherwise: UpdateOperand }
  | { readonly listAppend: readonly [UpdateOperand, UpdateOperand] }

export type UpdateValue =
  | UpdateOperand
  | { readonly plus: readonly [UpdateOperand, UpdateOperand] }
  | { readonly minus: readonly [UpdateOperand, UpdateOperand] }

export type UpdateAction =
  | { readonly action: 'set'; readonly path: Path; readonly value: UpdateValue }
  | { readonly action: 'remove'; readonly path: Path }
  /** A number or a set; of the legacy parameters also a list, which is appended. */
  | { readonly action: 'add'; readonly path: Path; readonly value: AttributeValue }
  | { readonly action: 'delete'; readonly path: Path; readonly value: AttributeValue }

/** All actions see the item as it was before the update. No path holds or contradicts another. */
export type Update = {
  readonly actions: readonly UpdateAction[]
  /** From AttributeUpdates, whose refusals have words of their own. */
  readonly legacy?: boolean
}
