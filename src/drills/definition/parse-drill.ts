/** Drill files: YAML, checked, with every mistake told by its line. */
import { LineCounter, isMap, isNode, isScalar, parseDocument, stringify } from 'yaml'
import type { Document } from 'yaml'
import type { z } from 'zod'
import { unreachable } from '../../core/assert.ts'
import { type Action, type Drill, type Step, actionNames, headSchema, repeatSchema, stepSchemas } from './definition.ts'

export type Mistake = { readonly line: number; readonly column: number; readonly message: string }

export class DrillMistakes extends Error {
  override readonly name = 'DrillMistakes'
  readonly mistakes: readonly Mistake[]

  constructor(file: string, mistakes: readonly Mistake[]) {
    super(mistakes.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n'))
    this.mistakes = mistakes
  }
}

type Path = readonly PropertyKey[]

/** Throws DrillMistakes. `file` is what the messages call it. */
export function parseDrill(text: string, file: string): Drill {
  return new Parsing(text, file).drill()
}

class Parsing {
  readonly #file: string
  readonly #lines = new LineCounter()
  readonly #document: Document.Parsed
  readonly #mistakes: Mistake[] = []

  constructor(text: string, file: string) {
    this.#file = file
    this.#document = parseDocument(text, { lineCounter: this.#lines })
  }

  drill(): Drill {
    for (const { pos, message } of this.#document.errors) this.#noteAt(pos[0], message.split('\n')[0] ?? message)
    this.#refuseAny()
    const head = this.#checked(headSchema, this.#document.toJS({ maxAliasCount: 100 }), [])
    this.#refuseAny()
    const { steps: rawSteps, ...rest } = head as z.output<typeof headSchema>
    const steps = this.#steps(rawSteps, ['steps'])
    const drill = { ...rest, steps }
    this.#checkPlaces(drill)
    this.#refuseAny()
    return drill
  }

  #steps(raw: readonly unknown[], at: Path): readonly Step[] {
    return raw.flatMap((value, index) => this.#step(value, [...at, index]))
  }

  #step(value: unknown, at: Path): readonly Step[] {
    const known = `a step is one of: ${actionNames.join(', ')}`
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.#note(at, known)
    const { note, ...actions } = value as Readonly<Record<string, unknown>>
    const [name, ...more] = Object.keys(actions)
    if (name === undefined) return this.#note(at, known)
    if (more[0] !== undefined)
      return this.#note([...at, more[0]], `a step does one thing; "${more[0]}" is a step of its own`)
    if (!(actionNames as readonly string[]).includes(name))
      return this.#note([...at, name], `no step "${name}"; ${known}`)
    const action = this.#action(name as Action['do'], actions[name], [...at, name])
    if (action === undefined) return []
    const { line } = this.#place([...at, name])
    return [{ action, text: inOneLine(name, actions[name]), line, ...(typeof note === 'string' ? { note } : {}) }]
  }

  #action(name: Action['do'], value: unknown, at: Path): Action | undefined {
    if (name === 'repeat') return this.#repeat(value, at)
    const read = <Schema extends z.ZodType>(schema: Schema, make: (value: z.output<Schema>) => Action) =>
      made(this.#checked(schema, value, at), make)
    switch (name) {
      case 'load':
        return read(stepSchemas.load, (load) => ({ do: 'load', load }))
      case 'probe':
        return read(stepSchemas.probe, (probe) => ({ do: 'probe', probe }))
      case 'trigger':
        return read(stepSchemas.trigger, (trigger) => ({ do: 'trigger', trigger }))
      case 'stop writes':
      case 'start writes':
      case 'recovery':
        return read(stepSchemas[name], (regions) => ({ do: name, in: regions }))
      case 'drop':
      case 'restore':
        return read(stepSchemas[name], (region) => ({ do: name, region }))
      case 'move':
        return read(stepSchemas.move, (move) => ({ do: 'move', ...move }))
      case 'cut':
        return read(stepSchemas.cut, (cut) => ({ do: 'cut', cut }))
      case 'slow':
        return read(stepSchemas.slow, (slow) => ({ do: 'slow', slow }))
      case 'kill':
      case 'pause':
      case 'lose key':
      case 'wipe':
      case 'restart':
        return read(stepSchemas[name] as typeof stepSchemas.kill, (fault) => ({ do: name, ...fault }))
      case 'evacuate':
        return read(stepSchemas.evacuate, (asked) => ({ do: name, ...asked }))
      case 'readmit':
        return read(stepSchemas.readmit, (asked) => ({ do: name, ...asked }))
      case 'fault':
        return read(stepSchemas.fault, (fault) => ({ do: 'fault', fault }))
      case 'clock':
        return read(stepSchemas.clock, (clock) => ({ do: 'clock', ...clock }))
      case 'heal':
        return read(stepSchemas.heal, (what) => ({ do: 'heal', what }))
      case 'wait':
        return read(stepSchemas.wait, (ms) => ({ do: 'wait', ms }))
      case 'wait until':
        return read(stepSchemas['wait until'], ({ until, within }) => ({ do: 'wait until', until, within }))
      case 'expect':
        return read(stepSchemas.expect, (expect) => ({ do: 'expect', expect }))
    }
    return unreachable(name)
  }

  #repeat(value: unknown, at: Path): Action | undefined {
    const repeated = this.#checked(repeatSchema, value, at)
    if (repeated === undefined) return undefined
    return { do: 'repeat', times: repeated.times, steps: this.#steps(repeated.steps, [...at, 'steps']) }
  }

  /** Undefined when it is wrong, which has been noted. */
  #checked<Schema extends z.ZodType>(schema: Schema, value: unknown, at: Path): z.output<Schema> | undefined {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) this.#noteIssue(issue, at)
    return undefined
  }

  #noteIssue(issue: z.core.$ZodIssue, at: Path): void {
    const path = [...at, ...issue.path]
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys) this.#note([...path, key], `"${key}" is not known here`)
    else if (issue.code === 'invalid_union') this.#note(path, issue.errors.flat().at(-1)?.message ?? issue.message)
    else {
      const name = issue.path.at(-1) ?? at.at(-1)
      this.#note(path, `${name === undefined ? '' : `${String(name)}: `}${issue.message}`)
    }
  }

  /** Every place that a step names is a region of the drill, a role, or all of them. */
  #checkPlaces({ regions, roles, steps }: Drill): void {
    const known = new Set([...regions, ...Object.keys(roles), 'all'])
    for (const [role, region] of Object.entries(roles))
      if (!regions.includes(region)) this.#note(['roles', role], `${region} is not one of the drill's regions`)
    const check = (each: readonly Step[], at: Path): void => {
      for (const [index, { action, text }] of each.entries()) {
        const path = [...at, index]
        if (action.do === 'repeat') check(action.steps, [...path, 'repeat', 'steps'])
        else
          for (const name of placesOf(action))
            if (!known.has(name)) this.#note(path, `"${name}" in "${text}" is neither a region of the drill nor a role`)
      }
    }
    check(steps, ['steps'])
  }

  #note(path: Path, message: string): readonly [] {
    this.#mistakes.push({ ...this.#place(path), message })
    return []
  }

  #noteAt(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset)
    this.#mistakes.push({ line, column: col, message })
  }

  #refuseAny(): void {
    if (this.#mistakes.length > 0) throw new DrillMistakes(this.#file, this.#mistakes)
  }

  /** Of the deepest part of the path that the file has; of a map's entry, where its key is. */
  #place(path: Path): { readonly line: number; readonly column: number } {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = depth === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, depth - 1), true)
      const key = path[depth - 1]
      const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
      const node = pair?.key ?? this.#document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) {
        const { line, col } = this.#lines.linePos(node.range[0])
        return { line, column: col }
      }
    }
    return { line: 1, column: 1 }
  }
}

function made<Given, Made>(given: Given | undefined, make: (given: Given) => Made): Made | undefined {
  return given === undefined ? undefined : make(given)
}

function placesOf(action: Exclude<Action, { do: 'repeat' }>): readonly string[] {
  switch (action.do) {
    case 'load': {
      const { failover } = action.load
      return [...action.load.in, ...(['nearest', 'none'].includes(failover) ? [] : [failover])]
    }
    case 'probe':
      return action.probe.in === undefined ? [] : [action.probe.in]
    case 'trigger':
      return action.trigger.in
    case 'recovery':
    case 'stop writes':
    case 'start writes':
      return action.in
    case 'move':
      return [action.from, action.to]
    case 'cut':
      return action.cut.links.flatMap(endsOf)
    case 'slow':
      return action.slow.links.flatMap(endsOf)
    case 'fault':
      return action.fault.region
    case 'evacuate':
      return [action.region, action.to]
    case 'readmit':
    case 'kill':
    case 'pause':
    case 'wipe':
    case 'restart':
    case 'clock':
    case 'lose key':
    case 'drop':
    case 'restore':
      return [action.region]
    case 'heal':
      return action.what.flatMap(endsOf)
    case 'wait':
      return []
    case 'wait until':
      return placesIn(action.until)
    case 'expect':
      return placesIn(action.expect)
  }
  return unreachable(action)
}

function placesIn(condition: Extract<Action, { do: 'expect' }>['expect']): readonly string[] {
  const { ready = [], down = [], served = [], refused = [], read = [], pending, lag, held } = condition
  const pairs = [pending, lag].flatMap((pair) => (pair === undefined ? [] : [pair.from, pair.to]))
  const others = [...(condition['safe to evacuate'] ?? []), ...(condition['caught up'] ?? [])]
  return [
    ...ready,
    ...down,
    ...served,
    ...refused,
    ...read,
    ...others,
    ...pairs,
    ...(held === undefined ? [] : [held.from, held.in]),
  ]
}

function endsOf(link: string): readonly string[] {
  return link.split(/\.\.|>/).filter((name) => name !== '*')
}

function inOneLine(name: string, value: unknown): string {
  return stringify({ [name]: value }, { collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replace(/^\{ (.*) \}$/s, '$1')
    .replace(/^"([^"]+)":/, '$1:')
}
