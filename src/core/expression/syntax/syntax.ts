/**
 * What was written, before anything of it is resolved: placeholders stand as they are, functions are names with
 * operands. It depends on the text alone, so a parsed text can be kept and bound again to other names and values.
 */
import type { Comparator } from '../condition.ts'

export type ExpressionKind =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'UpdateExpression'
  | 'ProjectionExpression'

/** A word, a #placeholder, or a list index. */
export type PathStep =
  | { readonly word: string }
  | { readonly placeholder: string }
  /** In the digits that were written: they may be more than any index has. */
  | { readonly index: string }

export type PathSyntax = { readonly node: 'path'; readonly steps: readonly PathStep[] }
export type ValueSyntax = { readonly node: 'value'; readonly placeholder: string }
export type CallSyntax = { readonly node: 'call'; readonly name: string; readonly operands: readonly OperandSyntax[] }
export type OperandSyntax = PathSyntax | ValueSyntax | CallSyntax

export type ConditionSyntax =
  | CallSyntax
  | { readonly node: 'and'; readonly of: readonly ConditionSyntax[] }
  | { readonly node: 'or'; readonly of: readonly ConditionSyntax[] }
  | { readonly node: 'not'; readonly condition: ConditionSyntax }
  | { readonly node: 'compare'; readonly comparator: Comparator; readonly operands: readonly OperandSyntax[] }
  | { readonly node: 'between'; readonly operands: readonly OperandSyntax[] }
  | { readonly node: 'in'; readonly operands: readonly OperandSyntax[] }

export type ArithmeticSyntax = {
  readonly node: 'arithmetic'
  readonly operator: '+' | '-'
  readonly operands: readonly [OperandSyntax, OperandSyntax]
}

export type SectionName = 'SET' | 'REMOVE' | 'ADD' | 'DELETE'

export type ActionSyntax =
  | { readonly node: 'set'; readonly path: PathSyntax; readonly value: OperandSyntax | ArithmeticSyntax }
  | { readonly node: 'remove'; readonly path: PathSyntax }
  | { readonly node: 'add'; readonly path: PathSyntax; readonly value: ValueSyntax }
  | { readonly node: 'delete'; readonly path: PathSyntax; readonly value: ValueSyntax }

export type SectionSyntax = { readonly section: SectionName; readonly actions: readonly ActionSyntax[] }

/** `operators` counts what the limit on operators counts; `redundantParentheses` is refused after the syntax. */
export type Syntax<Tree> = {
  readonly tree: Tree
  readonly operators: number
  readonly redundantParentheses: boolean
}
