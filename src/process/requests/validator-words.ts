/** Says in our words what a value must be, wherever a schema does not say it itself: a validator's text is no message of this program. */
import { z } from 'zod'

/** For all schemas of this process. */
export function speakPlainly(): void {
  z.config({ customError: wishOf })
}

type Issue = Parameters<NonNullable<ReturnType<typeof z.config>['customError']>>[0]

const kinds: Readonly<Record<string, string>> = {
  object: 'an object',
  record: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}
const formats: Readonly<Record<string, string>> = {
  url: 'a URL',
  datetime: 'a time such as 2027-01-31T12:00:00Z',
  starts_with: 'a text that begins otherwise',
}
const namedMax = 20

function wishOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `${kinds[issue.expected] ?? issue.expected} is wanted`
    case 'invalid_value':
      return `${issue.values.length === 1 ? '' : 'one of '}${issue.values.slice(0, namedMax).map(String).join(', ')} is wanted`
    case 'too_small':
      return boundOf('at least', issue.minimum, issue.origin)
    case 'too_big':
      return boundOf('at most', issue.maximum, issue.origin)
    case 'invalid_format':
      return `${formats[issue.format] ?? 'a text of another form'} is wanted`
    case 'unrecognized_keys':
      return `no member ${issue.keys.slice(0, namedMax).join(', ')} is known here`
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor} is wanted`
    case 'custom':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    default:
      return 'a value of another kind is wanted'
  }
}

function boundOf(how: string, bound: number | bigint, origin: string): string {
  if (origin === 'string' && how === 'at least' && bound === 1) return 'a text that is not empty is wanted'
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' of them' : ''
  return `${how} ${bound}${unit} ${bound === 1 ? 'is' : 'are'} wanted`
}
