/** The message about what single members of a request violate: all violations together, or the first one alone, as the operation has it. */
import { shownTextMax } from '../limits/limits.ts'
import { layerOf } from './validation-layers.ts'

export type Violation = {
  /** `returnValues`, `requestItems.t.member.keys` */
  readonly path: string
  readonly constraint: string
  readonly isMissing: boolean
  /** As the older layer says it. */
  readonly text: string
}

type Fields = Readonly<Record<string, unknown>>

export function violationMessage(operation: string, found: readonly Violation[], input: Fields): string {
  if (operation === 'BatchWriteItem' && found.some(isEmptyRequest)) return requestItemsRequired
  const told = layerOf(operation) === 'newer' ? newer(operation, found, input) : older(operation, found)
  return `${told.length} validation error${told.length === 1 ? '' : 's'} detected: ${told.join('; ')}`
}

const requestItemsRequired = 'The requestItems parameter is required for BatchWriteItem'

function isEmptyRequest({ path, constraint, isMissing }: Violation): boolean {
  return path === 'requestItems' && (isMissing || constraint.startsWith(tooShort))
}

const tooShort = 'Member must have length greater than or equal to'
const enums = ['returnConsumedCapacity', 'returnValues', 'returnItemCollectionMetrics']
const isEnum = ({ path }: Violation): boolean => enums.includes(path)

/** A wrong enum of a BatchWriteItem is told without what is wrong with the names of its tables. */
function older(operation: string, found: readonly Violation[]): readonly string[] {
  const wrongEnums = operation === 'BatchWriteItem' ? found.filter(isEnum) : []
  return (wrongEnums.length > 0 ? wrongEnums : found).map(({ text }) => text)
}

/** UpdateItem looks at its members in this order, and at its key last. */
const updateOrder = ['returnConsumedCapacity', 'tableName', 'returnValues', 'conditionalOperator']

/** What lacks a member is told in the older form. */
function newer(operation: string, found: readonly Violation[], input: Fields): readonly string[] {
  if (operation === 'UpdateItem') return newerUpdate(inUpdateOrder(found), input)
  if (found.some(({ isMissing }) => isMissing)) return found.map(({ text }) => text)
  const isWrite = operation === 'PutItem' || operation === 'DeleteItem'
  const wrongEnums = isWrite ? enums.flatMap((name) => found.filter(({ path }) => path === name)) : []
  if (wrongEnums.length > 0) return wrongEnums.map(({ text }) => text)
  const [first] = found
  if (first === undefined) return []
  const reworded = newTextOf(operation, first, input)
  return reworded === undefined && !isWrite ? found.map(({ text }) => text) : [reworded ?? first.text]
}

function inUpdateOrder(found: readonly Violation[]): readonly Violation[] {
  const place = ({ path }: Violation): number => {
    const at = updateOrder.indexOf(path)
    if (at >= 0) return at
    return path === 'key' ? updateOrder.length + 1 : updateOrder.length
  }
  return found.toSorted((one, other) => place(one) - place(other))
}

/** The spelling is AWS's. */
const wrongReturnValues =
  'Failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]'

function newerUpdate(found: readonly Violation[], input: Fields): readonly string[] {
  if (found.some(({ isMissing }) => isMissing)) return found.map(({ text }) => text)
  if (found.some(({ path }) => path === 'returnValues')) return [wrongReturnValues]
  const [first] = found
  return first === undefined ? [] : [newTextOf('UpdateItem', first, input) ?? first.text]
}

function newTextOf(operation: string, { path, constraint }: Violation, input: Fields): string | undefined {
  const says = (place: string, told = constraint): string => `Value at '${place}' failed to satisfy constraint: ${told}`
  if (path === 'tableName' && input['TableName'] === '' && operation !== 'GetItem' && operation !== 'Query')
    return says('TableName', `${tooShort} 1`)
  if (operation === 'Query' && path === 'limit') return says('Limit')
  if (operation !== 'BatchGetItem') return undefined
  if (path === 'requestItems' && constraint.startsWith('Map keys')) {
    const shown = JSON.stringify(input['RequestItems'])
    const cut = shown.length > shownTextMax ? `${shown.slice(0, shownTextMax)}...` : shown
    return `Value '${cut}' at 'requestItems' failed to satisfy constraint: ${constraint}`
  }
  if (path === 'requestItems') return says('RequestItems')
  const keys = /^requestItems\.(.*)\.member\.keys$/s.exec(path)
  return keys === null ? undefined : says(`RequestItems.${keys[1]}.member.Keys`)
}
