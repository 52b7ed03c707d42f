/**
 * The texts of policies: with wildcards where they count, and with policy variables such as `${aws:username}` in policies of version
 * 2012-10-17. A text without variables is compiled once; one with variables is compiled for each request that it is compared with.
 */
import { anyInSegment, anyOne, anyText, type Glob } from './glob.ts'

/** What a request says of itself: the values of a condition key, by its name in small letters; undefined where it has none. */
export type Facts = (key: string) => readonly string[] | undefined

type Variable = { readonly variable: string; readonly otherwise?: string }
type Part = Glob | Variable

export type Template = {
  /** As the policy has it. */
  readonly text: string
  /** Undefined where it has variables. */
  readonly glob: Glob | undefined
  readonly parts: readonly Part[]
}

export type TemplateKind = {
  readonly variables: boolean
  readonly wildcards: 'none' | 'text' | 'arn'
}

const variablePattern = /\$\{([^}]*)\}/g
/** `${aws:PrincipalTag/team, 'company-wide'}` */
const variableBody = /^\s*([^\s,']+)\s*(?:,\s*'([^']*)'\s*)?$/
/** `${*}`, `${?}` and `${$}` stand for the characters themselves. */
const escapes: ReadonlySet<string> = new Set(['*', '?', '$'])

export function parseTemplate(text: string, kind: TemplateKind): Template {
  const parts: Part[] = []
  let from = 0
  // Colons so far, and what follows, decide what a `*` of an ARN means.
  if (kind.variables)
    for (const found of text.matchAll(variablePattern)) {
      const part = variableOf(found[1] ?? '')
      if (part === undefined) continue
      parts.push(globOf(text, from, found.index, kind), part)
      from = found.index + found[0].length
    }
  parts.push(globOf(text, from, text.length, kind))
  const plain = parts.every((part) => 'length' in part)
  return { text, glob: plain ? (parts as readonly Glob[]).flat() : undefined, parts }
}

function variableOf(body: string): Part | undefined {
  if (escapes.has(body)) return [body.charCodeAt(0)]
  const [, name, otherwise] = variableBody.exec(body) ?? []
  if (name === undefined) return undefined
  return { variable: name.toLowerCase(), ...(otherwise === undefined ? {} : { otherwise }) }
}

const colonsBeforeResource = 5

function globOf(text: string, from: number, to: number, { wildcards }: TemplateKind): Glob {
  const glob: number[] = []
  let colons = wildcards === 'arn' ? text.slice(0, from).split(':').length - 1 : 0
  for (let at = from; at < to; at++) {
    const character = text[at]
    if (character === ':') colons++
    if (wildcards !== 'none' && character === '?') glob.push(anyOne)
    else if (wildcards !== 'none' && character === '*') glob.push(starOf(text, at, wildcards, colons))
    else glob.push(text.charCodeAt(at))
  }
  return glob
}

/** A `*` at the end of a segment of an ARN may go beyond the segment; one within stays there (IAM User Guide, Resource element). */
function starOf(text: string, at: number, wildcards: 'text' | 'arn', colons: number): number {
  if (wildcards === 'text' || colons >= colonsBeforeResource) return anyText
  const next = text[at + 1]
  return next === undefined || next === ':' ? anyText : anyInSegment
}

/** Undefined where a variable has neither a value nor a default: nothing is equal to such a text. */
export function globFor({ glob, parts }: Template, facts: Facts): Glob | undefined {
  if (glob !== undefined) return glob
  const whole: number[] = []
  for (const part of parts) {
    const piece = 'variable' in part ? valueOf(part, facts) : part
    if (piece === undefined) return undefined
    for (const token of piece) whole.push(token)
  }
  return whole
}

/** Wildcards in a variable's value are characters like others. */
function valueOf({ variable, otherwise }: Variable, facts: Facts): Glob | undefined {
  const values = facts(variable)
  const value = values?.length === 1 ? values[0] : otherwise
  return value === undefined ? undefined : Array.from({ length: value.length }, (_, at) => value.charCodeAt(at))
}
