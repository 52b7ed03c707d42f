/**
 * PartiQL for DynamoDB: text and parameters to a statement (statement.ts). The grammar is that of the developer guide's
 * reference: SELECT, INSERT INTO … VALUE, UPDATE … SET/REMOVE (also with its FROM and WHERE first), DELETE FROM, and
 * EXISTS(SELECT …) for transactions. What the statement then does is decided elsewhere: lowering turns it into the writes
 * and read plans that the other operations use.
 */
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import type { UpdateAction } from '../expression/update.ts'
import type { Path } from '../expression/path.ts'
import { requirePathsApart } from '../expression/bind/paths-apart.ts'
import { Problems } from '../expression/syntax/problems.ts'
import { conditionOf } from './where-conditions.ts'
import { parseExpression, parseList, parseSimplePath } from './statement-expression.ts'
import { malformed } from './statement-lexer.ts'
import { missingKey } from './lower.ts'
import { unrecognized } from './statement-problems.ts'
import type { Returning, Select, Statement } from './statement.ts'
import { TokenStream } from './statement-tokens.ts'
import type { Expression } from './tree.ts'
import { assignmentOf } from './updates.ts'
import { itemOf } from './values.ts'

/** Called once the whole text has been read: a wrong token anywhere is told before what a statement asks for. */
type Later<T> = () => T

/** Throws ValidationException for text that is no statement and for parameters that do not match it. */
export function parseStatement(text: string, parameters: readonly AttributeValue[]): Statement {
  const tokens = new TokenStream(text, parameters)
  const statement = parseAny(tokens)
  tokens.takeSymbol(';')
  tokens.expectEnd()
  tokens.expectParametersTaken()
  return statement()
}

function parseAny(tokens: TokenStream): Later<Statement> {
  if (tokens.takeKeywords('SELECT')) return parseSelect(tokens)
  if (tokens.takeKeywords('INSERT', 'INTO')) return parseInsert(tokens)
  if (tokens.takeKeywords('UPDATE')) return parseUpdate(tokens)
  if (tokens.takeKeywords('DELETE')) return parseDelete(tokens)
  if (tokens.takeKeywords('FROM')) return parseFromFirst(tokens)
  if (tokens.takeKeywords('EXISTS')) return parseExists(tokens)
  // Message: Statement wasn't well formed, can't be processed: Expected data manipulation (awsdocs, SDK guide issue 98).
  throw malformed('Expected data manipulation')
}

function parseSelect(tokens: TokenStream): Later<Select> {
  const columns = tokens.takeSymbol('*') ? undefined : parseList(tokens, parseColumn)
  if (!tokens.takeKeywords('FROM')) throw malformed('Expected FROM after SELECT list')
  const source = parseExpression(tokens)
  const isAliased = takeAlias(tokens)
  const where = tokens.takeKeywords('WHERE') ? parseExpression(tokens) : undefined
  const orderBy = tokens.takeKeywords('ORDER', 'BY') ? parseList(tokens, parseOrderTerm) : undefined
  return () => {
    if (isAliased || columns?.some((column) => column.isAliased) === true) throw aliased()
    const [table, index, ...more] = source.node === 'path' ? source.path : []
    if (table === undefined || typeof index === 'number' || more.length > 0) throw malformed('Unexpected term')
    return {
      kind: 'select',
      table,
      ...(index === undefined ? {} : { index }),
      ...(columns === undefined ? {} : { paths: columns.map(({ column }) => columnPath(column)) }),
      ...(where === undefined ? {} : { where: conditionOf(where) }),
      ...(orderBy === undefined ? {} : { orderBy }),
    }
  }
}

type Column = { readonly column: Expression; readonly isAliased: boolean }

function parseColumn(tokens: TokenStream): Column {
  const column = parseExpression(tokens)
  return { column, isAliased: takeAlias(tokens) }
}

function columnPath(column: Expression): Path {
  if (column.node === 'path') return column.path
  if (column.node === 'call') throw unrecognized(column)
  throw malformed('Unexpected term')
}

/** `AS x`, `AT x`, or a name alone. */
function takeAlias(tokens: TokenStream): boolean {
  const isNamed = tokens.takeKeywords('AS') || tokens.takeKeywords('AT')
  if (!tokens.atIdentifier()) return isNamed
  tokens.take()
  return true
}

const aliased = (): Error => validationError('Aliasing is not supported')

function parseOrderTerm(tokens: TokenStream): { attribute: string; descending: boolean } {
  if (!tokens.atIdentifier()) throw malformed(tokens.peek().kind === 'name' ? 'Unexpected keyword' : 'Unexpected term')
  const attribute = tokens.take().text
  const descending = tokens.takeKeywords('DESC')
  if (!descending) tokens.takeKeywords('ASC')
  return { attribute, descending }
}

function parseInsert(tokens: TokenStream): Later<Statement> {
  const table = parseTable(tokens)
  if (tokens.takeKeywords('AS')) throw malformed('Unexpected token after expression')
  const isOne = tokens.takeKeywords('VALUE')
  const hasRows = !isOne && tokens.takeKeywords('VALUES')
  const [value] = hasRows ? parseList(tokens, (rest) => parseExpression(rest)) : [parseExpression(tokens)]
  return () => {
    if (value === undefined || !isOne || value.node === 'bag') throw oneItemOnly()
    return { kind: 'insert', table, item: itemOf(value) }
  }
}

function oneItemOnly(): Error {
  return validationError(
    'Unsupported operation: Inserting multiple items in a single statement is not supported, use "INSERT INTO tableName VALUE item" instead',
  )
}

function parseTable(tokens: TokenStream): string {
  const [table, ...steps] = parseSimplePath(tokens)
  if (steps.length > 0) throw malformed('Unexpected term')
  return table
}

function parseUpdate(tokens: TokenStream): Later<Statement> {
  const table = parseTable(tokens)
  const isAliased = takeAlias(tokens)
  const actions = parseActions(tokens)
  const where = parseWhere(tokens)
  return updateOf({ table, isAliased, actions, where, returning: parseReturning(tokens) })
}

/** `FROM "T" WHERE … SET …`: an UPDATE in another order. */
function parseFromFirst(tokens: TokenStream): Later<Statement> {
  const table = parseTable(tokens)
  const isAliased = takeAlias(tokens)
  const where = parseWhere(tokens)
  const actions = parseActions(tokens)
  return updateOf({ table, isAliased, actions, where, returning: parseReturning(tokens) })
}

type UpdateParts = {
  readonly table: string
  readonly isAliased: boolean
  readonly actions: readonly Later<UpdateAction>[]
  readonly where: Expression | undefined
  readonly returning: Returning | undefined
}

function updateOf({ table, isAliased, actions: later, where, returning }: UpdateParts): Later<Statement> {
  return () => {
    if (isAliased) throw aliased()
    const actions = later.map((action) => action())
    requirePathsApart(
      new Problems('UpdateExpression'),
      actions.map(({ path }) => path),
    )
    if (where === undefined) throw missingKey()
    const rest = returning === undefined ? {} : { returning }
    return { kind: 'update', table, actions, where: conditionOf(where), ...rest }
  }
}

function parseActions(tokens: TokenStream): readonly Later<UpdateAction>[] {
  const actions: Later<UpdateAction>[] = []
  for (;;) {
    if (tokens.takeKeywords('SET')) actions.push(...parseList(tokens, parseAssignment))
    else if (tokens.takeKeywords('REMOVE')) actions.push(...parseList(tokens, parseRemove))
    else break
  }
  if (actions.length === 0) throw malformed('Expected data manipulation')
  return actions
}

function parseAssignment(tokens: TokenStream): Later<UpdateAction> {
  const path = parseSimplePath(tokens)
  if (!tokens.takeSymbol('=')) throw malformed("Expected '='")
  const value = parseExpression(tokens)
  return () => assignmentOf(path, value)
}

function parseRemove(tokens: TokenStream): Later<UpdateAction> {
  const path = parseSimplePath(tokens)
  return () => ({ action: 'remove', path })
}

function parseDelete(tokens: TokenStream): Later<Statement> {
  if (!tokens.takeKeywords('FROM')) throw malformed('Expected FROM after DELETE')
  const table = parseTable(tokens)
  const isAliased = takeAlias(tokens)
  const where = parseWhere(tokens)
  const returning = parseReturning(tokens)
  // The developer guide knows no other for DELETE.
  if (returning !== undefined && returning !== 'ALL_OLD') throw malformed('Unexpected keyword')
  return () => {
    if (isAliased) throw aliased()
    if (where === undefined) throw missingKey()
    return { kind: 'delete', table, where: conditionOf(where), ...(returning === undefined ? {} : { returning }) }
  }
}

function parseWhere(tokens: TokenStream): Expression | undefined {
  return tokens.takeKeywords('WHERE') ? parseExpression(tokens) : undefined
}

function parseExists(tokens: TokenStream): Later<Statement> {
  tokens.expectSymbol('(')
  if (!tokens.takeKeywords('SELECT')) throw malformed('Unexpected term')
  const select = parseSelect(tokens)
  tokens.expectSymbol(')')
  return () => ({ kind: 'exists', select: select() })
}

function parseReturning(tokens: TokenStream): Returning | undefined {
  if (!tokens.takeKeywords('RETURNING')) return undefined
  const scope = tokens.takeKeywords('ALL') ? 'ALL' : tokens.takeKeywords('MODIFIED') ? 'MODIFIED' : undefined
  const state = tokens.takeKeywords('OLD') ? 'OLD' : tokens.takeKeywords('NEW') ? 'NEW' : undefined
  if (!scope || !state) throw tokens.unexpected()
  tokens.expectSymbol('*')
  return `${scope}_${state}`
}
