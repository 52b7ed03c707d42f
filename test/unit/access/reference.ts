/**
 * A second evaluator of policies, written apart from src/core/access and in another way: documents as they are, regular expressions, no
 * compiling and no caches. The tests compare the two.
 */
type Json = Record<string, unknown>
export type Context = Readonly<Record<string, readonly string[]>>

export type Asked = {
  readonly identity: { kind: string; accountId: string; arn: string; userId: string; roleArn?: string }
  readonly action: string
  readonly resource: string
  readonly resourceAccount: string
  readonly context: Context
}

export type Documents = {
  readonly identity: readonly Json[]
  readonly boundary?: Json | undefined
  readonly session?: readonly Json[] | undefined
  readonly resource?: Json | undefined
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])
const quote = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** The source of a regular expression; undefined where a variable has no value. */
function expression(text: string, asked: Asked, version: unknown, star: (rest: string) => string): string | undefined {
  let source = ''
  let rest = text
  while (rest !== '') {
    const variable = version === '2012-10-17' ? /^\$\{\s*([^\s,'}]+)\s*(?:,\s*'([^'}]*)'\s*)?\}/.exec(rest) : null
    if (variable !== null) {
      const [whole, name = '', otherwise] = variable
      if (['*', '?', '$'].includes(name)) source += quote(name)
      else {
        const values = asked.context[name.toLowerCase()]
        const value = values?.length === 1 ? values[0] : otherwise
        if (value === undefined) return undefined
        source += quote(value)
      }
      rest = rest.slice(whole.length)
      continue
    }
    const [first = ''] = rest
    rest = rest.slice(1)
    source += first === '*' ? star(rest) : first === '?' ? (star('') === '\\*' ? '\\?' : '[^]') : quote(first)
  }
  return source
}

const anyStar = (): string => '[^]*'
const noStar = (): string => '\\*'

function matchesResource(pattern: string, asked: Asked, version: unknown): boolean | undefined {
  if (pattern === '*') return true
  const bare = pattern.replaceAll(/\$\{[^}]*\}/g, '')
  const missing = 6 - bare.split(':').length
  const whole = missing > 0 ? pattern + ':*'.repeat(missing) : pattern
  const star = (rest: string): string => {
    const after = whole.length - rest.length
    const before = whole.slice(0, after).replaceAll(/\$\{[^}]*\}/g, (found) => found)
    const inResource = before.split(':').length > 5
    return inResource || rest === '' || rest.startsWith(':') ? '[^]*' : '[^:]*'
  }
  const source = expression(whole, asked, version, star)
  return source === undefined ? undefined : new RegExp(`^(?:${source})$`).test(asked.resource)
}

function matchesAction(pattern: string, action: string): boolean {
  const source = pattern
    .split('')
    .map((each) => (each === '*' ? '.*' : each === '?' ? '.' : quote(each)))
    .join('')
  return new RegExp(`^${source}$`, 'i').test(action)
}

function compares(name: string, wanted: string, given: string, asked: Asked, version: unknown): boolean {
  const positive = name.replace('Not', '')
  if (positive.startsWith('String') || positive === 'BinaryEquals') {
    const source = expression(wanted, asked, version, positive === 'StringLike' ? anyStar : noStar)
    const flags = positive.endsWith('IgnoreCase') ? 'i' : ''
    return source !== undefined && new RegExp(`^(?:${source})$`, flags).test(given)
  }
  if (positive.startsWith('Arn')) {
    const parts = wanted.split(':')
    const patterns = parts.length < 6 ? [] : [...parts.slice(0, 5), parts.slice(5).join(':')]
    const ofGiven = given.split(':')
    const texts = ofGiven.length < 6 ? [] : [...ofGiven.slice(0, 5), ofGiven.slice(5).join(':')]
    return (
      patterns.length === 6 &&
      texts.length === 6 &&
      patterns.every((pattern, at) => {
        const source = expression(pattern, asked, version, anyStar)
        return source !== undefined && new RegExp(`^(?:${source})$`).test(texts[at] ?? '')
      })
    )
  }
  if (positive === 'Bool') return wanted.toLowerCase() === given.toLowerCase()
  if (positive === 'IpAddress') return inRange(given, wanted)
  const [left, right] = positive.startsWith('Date')
    ? [Date.parse(given), Date.parse(wanted)]
    : [Number(given), Number(wanted)]
  const order = positive.replace(/^(Date|Numeric)/, '')
  if (order === 'LessThan') return left < right
  if (order === 'LessThanEquals') return left <= right
  if (order === 'GreaterThan') return left > right
  if (order === 'GreaterThanEquals') return left >= right
  return left === right
}

/** IPv4 only. */
function inRange(given: string, range: string): boolean {
  const [base = '', length = '32'] = range.split('/')
  const bits = (address: string): string =>
    address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  return bits(given).slice(0, Number(length)) === bits(base).slice(0, Number(length))
}

function holds(operator: string, key: string, wanted: readonly string[], asked: Asked, version: unknown): boolean {
  const given = asked.context[key.toLowerCase()] ?? []
  const [, quantifier, rest = ''] = /^(?:(ForAllValues|ForAnyValue):)?(.*)$/.exec(operator) ?? []
  if (rest === 'Null') return wanted.some((value) => (value === 'true') === (given.length === 0))
  const ifExists = rest.endsWith('IfExists')
  const name = rest.replace(/IfExists$/, '')
  const isNot = name.includes('Not')
  if (ifExists && given.length === 0) return true
  const one = (value: string): boolean => wanted.some((each) => compares(name, each, value, asked, version)) !== isNot
  if (quantifier === 'ForAllValues') return given.every(one)
  if (quantifier === 'ForAnyValue') return given.some(one)
  if (given.length === 0) return isNot
  return isNot ? given.every(one) : given.some(one)
}

type Name = 'anyone' | 'account' | 'role' | 'itself'

function named(principal: unknown, { identity }: Asked): readonly Name[] {
  const names = principal === '*' ? ['*'] : list((principal as Json)['AWS'])
  const found = new Set<Name>()
  for (const name of names as string[]) {
    if (name === '*') found.add('anyone')
    const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1]
    if (account === identity.accountId) found.add(identity.kind === 'root' ? 'itself' : 'account')
    if (name === identity.arn || name === identity.userId) found.add('itself')
    if (name === identity.roleArn) found.add('role')
  }
  return [...found]
}

function exempt(principal: unknown, asked: Asked): boolean {
  const names = principal === '*' ? ['*'] : (list((principal as Json)['AWS']) as string[])
  const { accountId, kind, arn, roleArn } = asked.identity
  if (names.includes('*')) return true
  const hasAccount = names.some((name) => name === accountId || name === `arn:aws:iam::${accountId}:root`)
  if (!hasAccount) return false
  return kind === 'root' || (names.includes(arn) && (roleArn === undefined || names.includes(roleArn)))
}

function applies(statement: Json, asked: Asked, version: unknown): boolean {
  if ('Principal' in statement && named(statement['Principal'], asked).length === 0) return false
  if ('NotPrincipal' in statement && exempt(statement['NotPrincipal'], asked)) return false
  const acts = (list(statement['Action'] ?? statement['NotAction']) as string[]).some((each) =>
    matchesAction(each, asked.action),
  )
  if ('NotAction' in statement ? acts : !acts) return false
  const found = (list(statement['Resource'] ?? statement['NotResource']) as string[]).map((each) =>
    matchesResource(each, asked, version),
  )
  const isOn = found.includes(true)
  if ('NotResource' in statement) {
    if (isOn || (found.includes(undefined) && statement['Effect'] === 'Allow')) return false
  } else if (!isOn) return false
  return Object.entries((statement['Condition'] ?? {}) as Json).every(([operator, keys]) =>
    Object.entries(keys as Json).every(([key, wanted]) =>
      holds(operator, key, list(wanted).map(String), asked, version),
    ),
  )
}

const statements = (document: Json | undefined, effect: string, asked: Asked): Json[] =>
  (list(document?.['Statement']) as Json[]).filter(
    (each) => each['Effect'] === effect && applies(each, asked, document?.['Version'] ?? '2008-10-17'),
  )

/** `allow`, or why not. */
export function decide(documents: Documents, asked: Asked): string {
  const { identity, boundary, session, resource } = documents
  const anywhere = (all: readonly (Json | undefined)[], effect: string): boolean =>
    all.some((each) => statements(each, effect, asked).length > 0)
  if (anywhere(identity, 'Deny')) return 'identity denies'
  if (anywhere([boundary], 'Deny')) return 'boundary denies'
  if (anywhere(session ?? [], 'Deny')) return 'session denies'
  if (anywhere([resource], 'Deny')) return 'resource denies'
  const { kind } = asked.identity
  const isOwn = asked.identity.accountId === asked.resourceAccount
  const grants = statements(resource, 'Allow', asked).flatMap((each) =>
    'NotPrincipal' in each ? (['account'] as Name[]) : named(each['Principal'], asked),
  )
  if (kind === 'root') return isOwn || grants.length > 0 ? 'allow' : 'resource lacks'
  const missing = (): string => {
    if (boundary !== undefined && !anywhere([boundary], 'Allow')) return 'boundary lacks'
    if (session !== undefined && !anywhere(session, 'Allow')) return 'session lacks'
    return 'allow'
  }
  if (isOwn && (grants.includes('itself') || (grants.includes('anyone') && kind === 'user'))) return 'allow'
  if (isOwn && (grants.includes('anyone') || grants.includes('role'))) return missing()
  if (!anywhere(identity, 'Allow')) return 'identity lacks'
  const limit = missing()
  if (limit !== 'allow') return limit
  return isOwn || grants.length > 0 ? 'allow' : 'resource lacks'
}
