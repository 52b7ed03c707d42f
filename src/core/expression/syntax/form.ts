/**
 * What can be said against an expression by its text alone, beyond the grammar, in DynamoDB's order: needless
 * parentheses, too many operators, functions by name, functions by place, reserved words, sections given twice.
 */
import { expressionOperatorsMax } from '../../limits/limits.ts'
import {
  callsOf,
  callsOfCondition,
  checkConditionCall,
  checkConditionPlace,
  checkUpdateCall,
} from './expression-functions.ts'
import { Problems } from './problems.ts'
import { isReserved } from './reserved-words.ts'
import type {
  ActionSyntax,
  ConditionSyntax,
  ExpressionKind,
  OperandSyntax,
  PathSyntax,
  SectionSyntax,
  Syntax,
} from './syntax.ts'

export function wellFormedCondition(kind: ExpressionKind, syntax: Syntax<ConditionSyntax>): ConditionSyntax {
  const problems = new Problems(kind)
  checkExtent(problems, syntax)
  const calls = [...callsOfCondition(syntax.tree)]
  for (const { call } of calls) checkConditionCall(problems, call.name)
  for (const { call, asCondition } of calls) checkConditionPlace(problems, call, asCondition)
  checkWords(problems, syntax.tree)
  return syntax.tree
}

export function wellFormedUpdate(syntax: Syntax<readonly SectionSyntax[]>): readonly ActionSyntax[] {
  const problems = new Problems('UpdateExpression')
  checkExtent(problems, syntax)
  const actions = syntax.tree.flatMap((section) => section.actions)
  const operands = actions.flatMap(operandsOf)
  for (const operand of operands) for (const call of callsOf(operand)) checkUpdateCall(problems, call.name)
  for (const operand of operands) checkWords(problems, operand)
  requireSectionsOnce(problems, syntax.tree)
  return actions
}

export function wellFormedProjection(syntax: Syntax<readonly PathSyntax[]>): readonly PathSyntax[] {
  const problems = new Problems('ProjectionExpression')
  for (const path of syntax.tree) checkWords(problems, path)
  return syntax.tree
}

function checkExtent(problems: Problems, syntax: Syntax<unknown>): void {
  if (syntax.redundantParentheses) throw problems.error('The expression has redundant parentheses;')
  if (syntax.operators <= expressionOperatorsMax) return
  throw problems.error(`The expression contains too many operators; operator count: ${syntax.operators}`)
}

function checkWords(problems: Problems, tree: ConditionSyntax | OperandSyntax): void {
  if (tree.node === 'value') return
  if (tree.node === 'path') checkPath(problems, tree)
  else if (tree.node === 'not') checkWords(problems, tree.condition)
  else if (tree.node === 'and' || tree.node === 'or') for (const part of tree.of) checkWords(problems, part)
  else for (const operand of tree.operands) checkWords(problems, operand)
}

function checkPath(problems: Problems, path: PathSyntax): void {
  for (const step of path.steps) {
    if (!('word' in step) || !isReserved(step.word)) continue
    throw problems.error(`Attribute name is a reserved keyword; reserved keyword: ${step.word}`)
  }
}

function operandsOf(action: ActionSyntax): readonly OperandSyntax[] {
  if (action.node === 'remove') return [action.path]
  return [action.path, ...(action.value.node === 'arithmetic' ? action.value.operands : [action.value])]
}

function requireSectionsOnce(problems: Problems, sections: readonly SectionSyntax[]): void {
  const seen = new Set<string>()
  for (const { section } of sections) {
    if (seen.has(section))
      throw problems.error(`The "${section}" section can only be used once in an update expression;`)
    seen.add(section)
  }
}
