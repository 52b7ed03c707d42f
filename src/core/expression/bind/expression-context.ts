/**
 * What the expressions of one request share: the names and values that their placeholders stand for, and which of
 * these were used. `finish` comes after the last expression and refuses what none of them used.
 */
import type { AttributeValue } from '../../attribute/value.ts'
import { validationError } from '../../errors.ts'
import { shownList } from '../../shown-list.ts'

export type Placeholders = {
  readonly names?: Readonly<Record<string, string>> | undefined
  readonly values?: Readonly<Record<string, AttributeValue>> | undefined
}

export class ExpressionContext {
  readonly #names: Readonly<Record<string, string>>
  readonly #values: Readonly<Record<string, AttributeValue>>
  readonly #used = new Set<string>()

  constructor(placeholders: Placeholders = {}) {
    this.#names = placeholders.names ?? {}
    this.#values = placeholders.values ?? {}
  }

  /** Of a #placeholder. */
  name(placeholder: string): string | undefined {
    this.#used.add(placeholder)
    return Object.hasOwn(this.#names, placeholder) ? this.#names[placeholder] : undefined
  }

  /** Of a :placeholder. */
  value(placeholder: string): AttributeValue | undefined {
    this.#used.add(placeholder)
    return Object.hasOwn(this.#values, placeholder) ? this.#values[placeholder] : undefined
  }

  finish(): void {
    this.#refuseUnused('ExpressionAttributeNames', this.#names)
    this.#refuseUnused('ExpressionAttributeValues', this.#values)
  }

  #refuseUnused(parameter: string, placeholders: Readonly<Record<string, unknown>>): void {
    const unused = Object.keys(placeholders).filter((placeholder) => !this.#used.has(placeholder))
    if (unused.length === 0) return
    throw validationError(`Value provided in ${parameter} unused in expressions: keys: {${shownList(unused)}}`)
  }
}
