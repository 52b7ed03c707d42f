/** The functions of CloudFormation that a table's properties use, as far as a template alone can answer them. */
import { isRecord, UnreadableTables } from './table-definition.ts'

type Values = Readonly<Record<string, unknown>>

const depthMax = 50
/** There is no stack here. */
const pseudo: Values = {
  'AWS::StackName': 'cluster',
  'AWS::AccountId': '000000000000',
  'AWS::Region': 'us-east-1',
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
}
const noValue = Symbol('AWS::NoValue')

export class Intrinsics {
  readonly #parameters: Values
  readonly #conditions: Values
  readonly #mappings: Values
  readonly #resources: Values

  constructor(template: Values, from: string) {
    const part = (name: string): Values => {
      const value = template[name] ?? {}
      if (!isRecord(value)) throw new UnreadableTables(`${from}: ${name} is no object`)
      return value
    }
    this.#parameters = part('Parameters')
    this.#conditions = part('Conditions')
    this.#mappings = part('Mappings')
    this.#resources = part('Resources')
  }

  /** The value with every function in it replaced by what it gives. Throws UnreadableTables for one that needs a stack. */
  resolved(value: unknown, from: string, depth = 0): unknown {
    if (depth > depthMax) throw new UnreadableTables(`${from} is nested more than ${depthMax} levels deep`)
    if (Array.isArray(value))
      return value
        .map((each, at) => this.resolved(each, `${from}[${at}]`, depth + 1))
        .filter((each) => each !== noValue)
    if (!isRecord(value)) return value
    const [[name, argument] = ['', undefined], ...more] = Object.entries(value)
    if (more.length === 0 && (name === 'Ref' || name.startsWith('Fn::')))
      return this.#called(name, this.#isLazy(name) ? argument : this.resolved(argument, from, depth + 1), {
        from,
        depth,
      })
    const members = Object.entries(value).map(
      ([key, each]) => [key, this.resolved(each, `${from}.${key}`, depth + 1)] as const,
    )
    return Object.fromEntries(members.filter(([, each]) => each !== noValue))
  }

  /** Whether the condition of that name holds; one without a name does. */
  holds(condition: unknown, from: string, depth = 0): boolean {
    if (condition === undefined) return true
    if (depth > depthMax) throw new UnreadableTables(`${from}: conditions are nested more than ${depthMax} levels deep`)
    if (typeof condition === 'string') {
      if (!(condition in this.#conditions)) throw new UnreadableTables(`${from}: there is no condition ${condition}`)
      return this.holds(this.#conditions[condition], `Conditions.${condition}`, depth + 1)
    }
    const [[name, argument] = ['', undefined]] = isRecord(condition) ? Object.entries(condition) : []
    const all = (Array.isArray(argument) ? argument : [argument]) as readonly unknown[]
    const holds = (each: unknown): boolean => this.holds(each, from, depth + 1)
    switch (name) {
      case 'Condition':
        return holds(String(argument))
      case 'Fn::Equals':
        return String(this.resolved(all[0], from)) === String(this.resolved(all[1], from))
      case 'Fn::Not':
        return !holds(all[0])
      case 'Fn::And':
        return all.every(holds)
      case 'Fn::Or':
        return all.some(holds)
      default:
        throw new UnreadableTables(`${from}: ${name} is no condition that is known here`)
    }
  }

  #isLazy(name: string): boolean {
    return name === 'Fn::If'
  }

  #called(
    name: string,
    argument: unknown,
    { from, depth }: { readonly from: string; readonly depth: number },
  ): unknown {
    const list = (Array.isArray(argument) ? argument : []) as readonly unknown[]
    switch (name) {
      case 'Ref':
        return this.#reference(String(argument), from)
      case 'Fn::Sub':
        return this.#substituted(argument, from)
      case 'Fn::Join':
        return (list[1] as readonly unknown[]).map(String).join(String(list[0]))
      case 'Fn::If':
        return this.resolved(list[this.holds(String(list[0]), from) ? 1 : 2], from, depth + 1)
      case 'Fn::FindInMap':
        return this.#found(list.map(String), from)
      default:
        throw new UnreadableTables(`${from}: ${name} needs a stack, and there is none here; write the value itself`)
    }
  }

  #reference(name: string, from: string): unknown {
    if (name === 'AWS::NoValue') return noValue
    if (name in pseudo) return pseudo[name]
    const parameter = this.#parameters[name]
    if (isRecord(parameter)) {
      if (parameter['Default'] !== undefined) return parameter['Default']
      throw new UnreadableTables(`${from}: the parameter ${name} has no Default, and a cluster gives it no value`)
    }
    const resource = this.#resources[name]
    if (!isRecord(resource)) throw new UnreadableTables(`${from}: there is no parameter or resource ${name}`)
    const named = isRecord(resource['Properties']) ? resource['Properties']['TableName'] : undefined
    return typeof named === 'string' ? named : name
  }

  #substituted(argument: unknown, from: string): string {
    const [text, own] = Array.isArray(argument) ? (argument as readonly unknown[]) : [argument, {}]
    const values = isRecord(own) ? own : {}
    return String(text).replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`
      if (name in values) return String(values[name])
      if (name.includes('.')) throw new UnreadableTables(`${from}: \${${name}} needs a stack, and there is none here`)
      return String(this.#reference(name.trim(), from))
    })
  }

  #found(path: readonly string[], from: string): unknown {
    let value: unknown = this.#mappings
    for (const name of path) value = isRecord(value) ? value[name] : undefined
    if (value === undefined) throw new UnreadableTables(`${from}: Mappings has no ${path.join('.')}`)
    return value
  }
}
