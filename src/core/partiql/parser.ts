/**
 * PartiQL for DynamoDB: text and parameters to a statement (statement.ts). The grammar is that of the developer guide's
 * reference: SELECT, INSERT INTO … VALUE, UPDATE … SET/REMOVE, DELETE FROM, and EXISTS(SELECT …) for transactions.
 * What the statement then does is decided elsewhere: lowering turns it into the writes and read plans that the other
 * operations use.
 */
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import type { Condition } from '../expression/condition.ts'
import type { UpdateAction, UpdateOperand, UpdateValue } from '../expression/update.ts'
import type { Path } from '../expression/path.ts'
import { malformed } from './lexer.ts'
import { expectLiteral, parseLiteral, parseMap } from './literal.ts'
import { missingKey } from './lower.ts'
import { atName, parseName, parsePath } from './path.ts'
import type { Delete, Exists, Insert, Returning, Select, Statement, UpdateStatement } from './statement.ts'
import { TokenStream } from './token-stream.ts'
import { parseWhere } from './where.ts'

/** Throws ValidationException for text that is no statement and for parameters that do not match it. */
export function parseStatement(text: string, parameters: readonly AttributeValue[]): Statement {
  const tokens = new TokenStream(text, parameters)
  const statement = parseAny(tokens)
  tokens.takeSymbol(';')
  tokens.expectEnd()
  return statement
}

function parseAny(tokens: TokenStream): Statement {
  if (tokens.takeKeywords('SELECT')) return parseSelect(tokens)
  if (tokens.takeKeywords('INSERT', 'INTO')) return parseInsert(tokens)
  if (tokens.takeKeywords('UPDATE')) return parseUpdate(tokens)
  if (tokens.takeKeywords('DELETE', 'FROM')) return parseDelete(tokens)
  if (tokens.takeKeywords('EXISTS')) return parseExists(tokens)
  // Message: Statement wasn't well formed, can't be processed: Expected data manipulation (awsdocs, SDK guide issue 98).
  throw malformed('Expected data manipulation')
}

function parseSelect(tokens: TokenStream): Select {
  const paths = tokens.takeSymbol('*') ? undefined : parsePaths(tokens)
  tokens.expectKeyword('FROM')
  const table = parseName(tokens)
  const index = tokens.takeSymbol('.') ? parseName(tokens) : undefined
  const where = tokens.takeKeywords('WHERE') ? parseWhere(tokens) : undefined
  const orderBy = tokens.takeKeywords('ORDER', 'BY') ? parseOrder(tokens) : undefined
  return {
    kind: 'select',
    table,
    ...(index === undefined ? {} : { index }),
    ...(paths ? { paths } : {}),
    ...(where ? { where } : {}),
    ...(orderBy ? { orderBy } : {}),
  }
}

function parsePaths(tokens: TokenStream): readonly Path[] {
  const paths = [parsePath(tokens)]
  while (tokens.takeSymbol(',')) paths.push(parsePath(tokens))
  return paths
}

function parseOrder(tokens: TokenStream): NonNullable<Select['orderBy']> {
  const order = [parseOrderTerm(tokens)]
  while (tokens.takeSymbol(',')) order.push(parseOrderTerm(tokens))
  return order
}

function parseOrderTerm(tokens: TokenStream): { attribute: string; descending: boolean } {
  const attribute = parseName(tokens)
  const descending = tokens.takeKeywords('DESC')
  if (!descending) tokens.takeKeywords('ASC')
  return { attribute, descending }
}

function parseInsert(tokens: TokenStream): Insert {
  const table = parseName(tokens)
  if (tokens.atKeywords('VALUES') || tokens.atSymbol('<<')) throw oneItemOnly()
  tokens.expectKeyword('VALUE')
  if (tokens.atSymbol('<<')) throw oneItemOnly()
  if (!tokens.atSymbol('?')) return { kind: 'insert', table, item: parseMap(tokens) }
  const value = expectLiteral(tokens)
  if (!('M' in value)) throw malformed('The value of an INSERT must be a map')
  return { kind: 'insert', table, item: value.M }
}

function oneItemOnly(): Error {
  return validationError(
    'Unsupported operation: Inserting multiple items in a single statement is not supported, use "INSERT INTO tableName VALUE item" instead',
  )
}

function parseUpdate(tokens: TokenStream): UpdateStatement {
  const table = parseName(tokens)
  const actions: UpdateAction[] = []
  for (;;) {
    if (tokens.takeKeywords('SET')) actions.push(...parseList(tokens, parseSet))
    else if (tokens.takeKeywords('REMOVE')) actions.push(...parseList(tokens, parseRemove))
    else break
  }
  if (actions.length === 0) throw malformed('Expected data manipulation')
  const where = parseKeyedWhere(tokens)
  const returning = parseReturning(tokens)
  return { kind: 'update', table, actions, where, ...(returning ? { returning } : {}) }
}

function parseDelete(tokens: TokenStream): Delete {
  const table = parseName(tokens)
  const where = parseKeyedWhere(tokens)
  const returning = parseReturning(tokens)
  // The developer guide knows no other for DELETE.
  if (returning !== undefined && returning !== 'ALL_OLD')
    throw validationError('DELETE statements support RETURNING ALL OLD * only')
  return { kind: 'delete', table, where, ...(returning ? { returning } : {}) }
}

/** UPDATE and DELETE are about one item, which only a WHERE can name. */
function parseKeyedWhere(tokens: TokenStream): Condition {
  if (tokens.takeKeywords('WHERE')) return parseWhere(tokens)
  if (tokens.peek().kind === 'end') throw missingKey()
  throw tokens.unexpected('WHERE')
}

function parseExists(tokens: TokenStream): Exists {
  tokens.expectSymbol('(')
  tokens.expectKeyword('SELECT')
  const select = parseSelect(tokens)
  tokens.expectSymbol(')')
  return { kind: 'exists', select }
}

function parseReturning(tokens: TokenStream): Returning | undefined {
  if (!tokens.takeKeywords('RETURNING')) return undefined
  const scope = tokens.takeKeywords('ALL') ? 'ALL' : tokens.takeKeywords('MODIFIED') ? 'MODIFIED' : undefined
  const state = tokens.takeKeywords('OLD') ? 'OLD' : tokens.takeKeywords('NEW') ? 'NEW' : undefined
  if (!scope || !state) throw tokens.unexpected('ALL OLD, ALL NEW, MODIFIED OLD or MODIFIED NEW')
  tokens.expectSymbol('*')
  return `${scope}_${state}`
}

function parseList<T>(tokens: TokenStream, parse: (tokens: TokenStream) => T): readonly T[] {
  const list = [parse(tokens)]
  while (tokens.takeSymbol(',')) list.push(parse(tokens))
  return list
}

function parseRemove(tokens: TokenStream): UpdateAction {
  return { action: 'remove', path: parsePath(tokens) }
}

/** `SET tags = set_add(tags, <<…>>)` and `set_delete` are the expression language's ADD and DELETE. */
function parseSet(tokens: TokenStream): UpdateAction {
  const path = parsePath(tokens)
  tokens.expectSymbol('=')
  for (const [name, action] of [
    ['set_add', 'add'],
    ['set_delete', 'delete'],
  ] as const) {
    if (!atCall(tokens, name)) continue
    return { action, path, value: parseSetCall(tokens, path) }
  }
  return { action: 'set', path, value: parseValue(tokens) }
}

function parseSetCall(tokens: TokenStream, path: Path): AttributeValue {
  tokens.take()
  tokens.expectSymbol('(')
  const target = parsePath(tokens)
  if (target.join('\0') !== path.join('\0')) throw malformed('The first operand must be the attribute that is set')
  tokens.expectSymbol(',')
  const value = expectLiteral(tokens)
  tokens.expectSymbol(')')
  return value
}

function parseValue(tokens: TokenStream): UpdateValue {
  const left = parseUpdateOperand(tokens)
  if (tokens.takeSymbol('+')) return { plus: [left, parseUpdateOperand(tokens)] }
  if (tokens.takeSymbol('-')) return { minus: [left, parseUpdateOperand(tokens)] }
  return left
}

function parseUpdateOperand(tokens: TokenStream): UpdateOperand {
  if (atCall(tokens, 'list_append')) {
    tokens.take()
    tokens.expectSymbol('(')
    const left = parseUpdateOperand(tokens)
    tokens.expectSymbol(',')
    const right = parseUpdateOperand(tokens)
    tokens.expectSymbol(')')
    return { listAppend: [left, right] }
  }
  if (atCall(tokens, 'if_not_exists')) {
    tokens.take()
    tokens.expectSymbol('(')
    const path = parsePath(tokens)
    tokens.expectSymbol(',')
    const otherwise = parseUpdateOperand(tokens)
    tokens.expectSymbol(')')
    return { ifNotExists: path, otherwise }
  }
  const value = parseLiteral(tokens)
  if (value) return { value }
  if (!atName(tokens)) throw tokens.unexpected('a value or an attribute')
  return { path: parsePath(tokens) }
}

function atCall(tokens: TokenStream, name: string): boolean {
  const token = tokens.peek()
  return token.kind === 'name' && token.text.toLowerCase() === name && tokens.atSymbol('(', 1)
}
