/** Checks what an operator's request brings, and says in words of ours what is wrong with it: a validator's text is no answer of this program. */
import type { z } from 'zod'
import { BadRequest } from './bad-request.ts'

/** Throws a BadRequest that names what is wrong. */
export function shaped<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  throw new BadRequest(wrongShape(result.error))
}

export function wrongShape({ issues }: z.ZodError): string {
  return issues.slice(0, shownMax).map(sentenceOf).join('; ')
}

const shownMax = 3
const namesShownMax = 5
const nameLengthMax = 64

type Issue = z.ZodError['issues'][number]

function sentenceOf(issue: Issue): string {
  const where = issue.path.length === 0 ? 'the body' : issue.path.map((part) => shown(String(part))).join('.')
  switch (issue.code) {
    case 'invalid_type':
      return `${where} must be ${kinds[issue.expected] ?? issue.expected}`
    case 'unrecognized_keys':
      return `${where} must not have ${listed(issue.keys)}`
    case 'invalid_value':
      return `${where} must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `${where} must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `${where} must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`
    case 'custom':
      return `${where}: ${issue.message}`
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_union':
    case 'not_multiple_of':
    default:
      return `${where} is not what is wanted there`
  }
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a JSON object',
  array: 'a list',
  tuple: 'a list of two',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long'
  return origin === 'array' || origin === 'tuple' ? ' long' : ''
}

function listed(names: readonly string[]): string {
  return names.slice(0, namesShownMax).map(shown).join(', ')
}

function shown(name: string): string {
  return name.length > nameLengthMax ? `${name.slice(0, nameLengthMax)}…` : name
}
