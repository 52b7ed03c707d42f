/**
 * The second stage of every expression: names and values of the request take the place of placeholders, operand by
 * operand as they were written, and what depends on them is checked.
 */
import type { AttributeValue } from '../../attribute/value.ts'
import { listIndexMax, nestingDepthMax } from '../../limits/limits.ts'
import type { ExpressionContext } from './expression-context.ts'
import type { Path } from '../path.ts'
import { Problems } from '../syntax/problems.ts'
import type { ExpressionKind, PathStep, PathSyntax, ValueSyntax } from '../syntax/syntax.ts'

export class Binder extends Problems {
  readonly #context: ExpressionContext

  constructor(kind: ExpressionKind, context: ExpressionContext) {
    super(kind)
    this.#context = context
  }

  path({ steps }: PathSyntax): Path {
    if (steps.length > nestingDepthMax)
      throw this.error(`The document path has too many nesting elements; nesting levels: ${steps.length}`)
    return steps.map((step) => this.#step(step)) as unknown as Path
  }

  value(syntax: ValueSyntax): AttributeValue {
    const value = this.#context.value(syntax.placeholder)
    if (value !== undefined) return value
    throw this.error(
      `An expression attribute value used in expression is not defined; attribute value: ${syntax.placeholder}`,
    )
  }

  #step(step: PathStep): string | number {
    if ('word' in step) return step.word
    if ('index' in step) return this.#index(step.index)
    const name = this.#context.name(step.placeholder)
    if (name !== undefined) return name
    throw this.error(
      `An expression attribute name used in the document path is not defined; attribute name: ${step.placeholder}`,
    )
  }

  #index(digits: string): number {
    const index = Number(digits)
    if (index <= listIndexMax) return index
    throw this.error(`List index is not within the allowable range; index: [${digits}]`)
  }
}
