/**
 * Expressions of DAX's clients, which arrive parsed, as the text that DynamoDB takes. So one way leads on from here for both protocols, and one
 * validation. Every name and value becomes a placeholder, numbered within its request.
 *
 *   an expression   [1, tree, values]      a tree   [operator, …arguments], a projection's and an update's an array of trees
 */
import type { AttributeValue } from '../../attribute/value.ts'
import { CborReader } from '../../cbor/cbor-reader.ts'
import { CborTag, type CborValue } from '../../cbor/cbor-value.ts'
import { UnreadableCbor } from '../../cbor/major-types.ts'
import { tags } from '../protocol.ts'
import type { DocumentPath } from './projected-values.ts'
import { readValue } from './value-codec.ts'

const formatVersion = 1
/** Conditions nest once for each AND, and DynamoDB takes 300 operators. */
const limits = { depthMax: 700, sizeBytesMax: 8 * 1024 * 1024 }
const pathElementsMax = 64

const op = {
  and: 6,
  or: 7,
  not: 8,
  between: 9,
  in: 10,
  size: 16,
  variable: 17,
  path: 18,
  set: 19,
  add: 20,
  delete: 21,
  remove: 22,
  ifNotExists: 23,
  listAppend: 24,
  plus: 25,
  minus: 26,
} as const

const comparators: readonly string[] = ['=', '<>', '<', '>=', '>', '<=']
const functions: ReadonlyMap<number, string> = new Map([
  [11, 'attribute_exists'],
  [12, 'attribute_not_exists'],
  [13, 'attribute_type'],
  [14, 'begins_with'],
  [15, 'contains'],
  [op.size, 'size'],
  [op.ifNotExists, 'if_not_exists'],
  [op.listAppend, 'list_append'],
])
const clauses: ReadonlyMap<number, string> = new Map([
  [op.set, 'SET'],
  [op.remove, 'REMOVE'],
  [op.add, 'ADD'],
  [op.delete, 'DELETE'],
])
/** How tightly each binds. */
const orLevel = 1
const andLevel = 2
const notLevel = 3

type Tree = readonly CborValue[]

/** The expressions of one request, or of one part of it that has placeholders of its own. */
export class ExpressionTexts {
  readonly #names = new Map<string, string>()
  readonly #values: AttributeValue[] = []
  /** Of the expression that is read. */
  #given: readonly AttributeValue[] = []
  #placeholders = new Map<number, string>()

  condition(bytes: Buffer): string {
    return this.#condition(this.#open(bytes), 0)
  }

  update(bytes: Buffer): string {
    const actions = new Map<string, string[]>()
    for (const action of this.#open(bytes)) {
      const { operator, operands } = parted(action)
      const clause = clauses.get(operator)
      if (clause === undefined) throw new UnreadableCbor('no action where one belongs')
      const listed = actions.get(clause)
      const text = this.#action(operator, operands)
      if (listed === undefined) actions.set(clause, [text])
      else listed.push(text)
    }
    return [...actions].map(([clause, texts]) => `${clause} ${texts.join(', ')}`).join(' ')
  }

  projection(bytes: Buffer): { readonly text: string; readonly paths: readonly DocumentPath[] } {
    const trees = this.#open(bytes)
    const paths = trees.map((tree) => pathOf(parted(tree)))
    return { text: trees.map((tree) => this.#operand(tree)).join(', '), paths }
  }

  /** Members of the request. */
  placeholders(): Readonly<Record<string, unknown>> {
    const names = [...this.#names].map(([name, placeholder]) => [placeholder, name])
    const values = this.#values.map((value, n) => [`:${n}`, value])
    return {
      ...(names.length === 0 ? {} : { ExpressionAttributeNames: Object.fromEntries(names) }),
      ...(values.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(values) }),
    }
  }

  #open(bytes: Buffer): Tree {
    const reader = new CborReader(bytes, limits)
    let tree: CborValue = undefined
    const values: AttributeValue[] = []
    reader.eachOfArray((index) => {
      if (index === 0 && reader.integer() !== formatVersion) throw new UnreadableCbor('an expression of another format')
      if (index === 1) tree = reader.value()
      if (index === 2) reader.eachOfArray(() => void values.push(readValue(reader)))
      if (index > 2) throw new UnreadableCbor('an expression of more than three parts')
    })
    reader.end()
    this.#given = values
    this.#placeholders = new Map()
    return treeOf(tree)
  }

  #condition(tree: CborValue, level: number): string {
    const { operator, operands } = parted(tree)
    const comparator = comparators[operator]
    if (comparator !== undefined) return this.#operands(operands, 2).join(` ${comparator} `)
    if (operator === op.and) return this.#joined(operands, ' AND ', { level, own: andLevel })
    if (operator === op.or) return this.#joined(operands, ' OR ', { level, own: orLevel })
    if (operator === op.not) return `NOT ${this.#condition(only(operands), notLevel)}`
    if (operator === op.between) {
      const [value = '', from = '', to = ''] = this.#operands(operands, 3)
      return `${value} BETWEEN ${from} AND ${to}`
    }
    if (operator !== op.in) return this.#operand(tree)
    expectCount(operands, 2)
    return `${this.#operand(operands[0])} IN (${treeOf(operands[1])
      .map((each) => this.#operand(each))
      .join(', ')})`
  }

  #joined(operands: Tree, by: string, { level, own }: { readonly level: number; readonly own: number }): string {
    expectCount(operands, 2)
    const text = operands.map((each) => this.#condition(each, own)).join(by)
    return level > own ? `(${text})` : text
  }

  #operands(operands: Tree, count: number): string[] {
    expectCount(operands, count)
    return operands.map((each) => this.#operand(each))
  }

  #operand(tree: CborValue): string {
    const { operator, operands } = parted(tree)
    switch (operator) {
      case op.variable:
        return this.#variable(only(operands))
      case op.path:
        return this.#path(pathOf({ operator, operands }))
      case op.plus:
        return this.#operands(operands, 2).join(' + ')
      case op.minus:
        return this.#operands(operands, 2).join(' - ')
      default:
        return this.#call(operator, operands)
    }
  }

  #call(operator: number, operands: Tree): string {
    const name = functions.get(operator)
    if (name === undefined) throw new UnreadableCbor(`an operator out of place (${operator})`)
    return `${name}(${operands.map((each) => this.#operand(each)).join(', ')})`
  }

  #action(operator: number, operands: Tree): string {
    if (operator === op.remove) return this.#operand(only(operands))
    return this.#operands(operands, 2).join(operator === op.set ? ' = ' : ' ')
  }

  /** A value that the expression does not use is left out, as its client has checked. */
  #variable(index: CborValue): string {
    const known = this.#placeholders.get(index as number)
    if (known !== undefined) return known
    const value = typeof index === 'number' ? this.#given[index] : undefined
    if (value === undefined) throw new UnreadableCbor('a variable without a value')
    const placeholder = `:${this.#values.length}`
    this.#values.push(value)
    this.#placeholders.set(index as number, placeholder)
    return placeholder
  }

  #path(path: DocumentPath): string {
    return path
      .map((element, n) =>
        typeof element === 'number' ? `[${element}]` : `${n === 0 ? '' : '.'}${this.#name(element)}`,
      )
      .join('')
  }

  #name(name: string): string {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const placeholder = `#${this.#names.size}`
    this.#names.set(name, placeholder)
    return placeholder
  }
}

type Parted = { readonly operator: number; readonly operands: Tree }

function parted(tree: CborValue): Parted {
  const [operator, ...operands] = treeOf(tree)
  if (typeof operator !== 'number') throw new UnreadableCbor('no operator where one belongs')
  return { operator, operands }
}

function treeOf(value: CborValue): Tree {
  if (!Array.isArray(value)) throw new UnreadableCbor('no expression where one belongs')
  return value as Tree
}

function only(operands: Tree): CborValue {
  expectCount(operands, 1)
  return operands[0]
}

function expectCount(operands: Tree, count: number): void {
  if (operands.length !== count) throw new UnreadableCbor(`an operator with ${operands.length} operands`)
}

/** Attribute names, and places in lists. */
function pathOf({ operator, operands }: Parted): DocumentPath {
  if (operator !== op.path || operands.length === 0 || operands.length > pathElementsMax)
    throw new UnreadableCbor('no document path where one belongs')
  return operands.map((element, n) => {
    if (typeof element === 'string') return element
    if (n > 0 && element instanceof CborTag && element.tag === tags.ordinal && typeof element.value === 'number')
      return element.value
    throw new UnreadableCbor('a document path of something else')
  })
}
