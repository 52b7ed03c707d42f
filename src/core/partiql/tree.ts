/** Expressions of a statement as they are written, parameters in their places. What they mean is decided once the whole text is read. */
import type { AttributeValue } from '../attribute/value.ts'
import type { Path } from '../expression/path.ts'

export type Expression =
  | { readonly node: 'value'; readonly value: AttributeValue }
  /** A literal's text; whether it is in range is asked where its value is taken. */
  | { readonly node: 'number'; readonly text: string }
  | { readonly node: 'path'; readonly path: Path }
  | { readonly node: 'list' | 'bag'; readonly of: readonly Expression[] }
  | { readonly node: 'struct'; readonly members: readonly (readonly [name: string, value: Expression])[] }
  | Call
  | Operation
  /** `type` in capitals. */
  | { readonly node: 'is'; readonly operand: Expression; readonly type: string }

export type Call = {
  readonly node: 'call'
  /** As written. */
  readonly name: string
  readonly of: readonly Expression[]
  readonly place: string
}

/** AND and OR have two operands or more, NOT and a minus before something else than a number one, BETWEEN three. */
export type Operation = { readonly node: 'operation'; readonly operator: string; readonly of: readonly Expression[] }
