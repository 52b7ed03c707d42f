/**
 * The actions that policies know DAX's requests by (developer guide, "DAX access control"; Service Authorization Reference). All of them are on the cluster: DAX knows no tables. A transaction
 * needs those of its parts, which policies can tell by `dax:EnclosingOperation`.
 */
import type { MethodName } from './protocol.ts'

export type DaxAction = {
  /** `dax:GetItem` */
  readonly action: string
  readonly enclosingOperation?: 'TransactGetItems' | 'TransactWriteItems'
}

const own: Readonly<Partial<Record<MethodName, DaxAction>>> = {
  getItem: { action: 'dax:GetItem' },
  putItem: { action: 'dax:PutItem' },
  updateItem: { action: 'dax:UpdateItem' },
  deleteItem: { action: 'dax:DeleteItem' },
  query: { action: 'dax:Query' },
  scan: { action: 'dax:Scan' },
  batchGetItem: { action: 'dax:BatchGetItem' },
  batchWriteItem: { action: 'dax:BatchWriteItem' },
  transactGetItems: { action: 'dax:GetItem', enclosingOperation: 'TransactGetItems' },
}

/** What a method needs whatever its values are. Those that tell clients of keys, names and addresses need none. */
export const actionOf = (method: MethodName): DaxAction | undefined => own[method]

const ofWrites: Readonly<Record<string, string>> = {
  Put: 'dax:PutItem',
  Update: 'dax:UpdateItem',
  Delete: 'dax:DeleteItem',
  ConditionCheck: 'dax:ConditionCheckItem',
}

/** What the parts of TransactWriteItems need, each action once. */
export function actionsOfWrites(input: Readonly<Record<string, unknown>>): readonly DaxAction[] {
  const items = input['TransactItems'] as readonly object[]
  const kinds = new Set(items.flatMap((item) => Object.keys(item)))
  return [...kinds].flatMap((kind) => {
    const action = ofWrites[kind]
    return action === undefined ? [] : [{ action, enclosingOperation: 'TransactWriteItems' as const }]
  })
}
