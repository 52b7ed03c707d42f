/**
 * Contributor insights: which keys of a table or a global index are accessed and throttled most. Each rule counts in a sketch a minute. With insights
 * enabled of no table, a request costs a look at `any`.
 */
import type { Item } from '../../core/attribute/value.ts'
import type { Direction } from '../../core/capacity/direction.ts'
import { ServiceError } from '../../core/errors.ts'
import { type InsightRule, kindsOf, ruleName, type RuleKind } from '../../core/insights/insight-rule.ts'
import { type Asked, insightReport, type InsightReport } from '../../core/insights/insight-report.ts'
import { InsightWindow } from '../../core/insights/insight-window.ts'
import { insightBytesMax, insightMinutesMax } from '../../core/limits/insight-limits.ts'
import { keyValueOf } from '../../core/key/key-bytes.ts'
import type { KeyAttribute, KeySchema, Table } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import { tableNameOf } from '../arns.ts'
import { directionOf } from '../capacity/touched.ts'
import type { OperationSettings, RequestContext } from '../operation.ts'
import type { Touch } from '../touch.ts'

type Deps = {
  readonly env: Pick<Env, 'clock'>
  readonly engine: Pick<Engine, 'tables'>
  readonly settings: Pick<OperationSettings, 'region' | 'accountId'>
}

/** A table or a global index that has rules. */
type Part = {
  readonly table: Table
  readonly index: string
  readonly key: KeySchema
  readonly rules: ReadonlyMap<RuleKind, InsightRule>
}

/** What a request was: `error` is what it was refused with. */
export type Seen = {
  readonly touches: readonly Touch[]
  readonly context: RequestContext | undefined
  readonly error?: unknown
}

const minuteMs = 60_000
const writeWeight = 3

export class Insights {
  readonly #deps: Deps
  #tables: readonly Table[] | undefined
  #parts: ReadonlyMap<string, readonly Part[]> = new Map()
  /** By the name of the rule, and then by minute. */
  readonly #windows = new Map<string, Map<number, InsightWindow>>()
  #minute = 0
  #bytes = 0

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Whether there is a rule at all. */
  get any(): boolean {
    const tables = this.#deps.engine.tables()
    if (tables !== this.#tables) this.#refresh(tables)
    return this.#parts.size > 0
  }

  rules(): readonly InsightRule[] {
    return this.any ? [...this.#parts.values()].flat().flatMap(({ rules }) => [...rules.values()]) : []
  }

  /** The names of the key's attributes that a rule counts by. */
  labelsOf({ table, index, kind }: InsightRule): readonly string[] {
    const part = this.#parts.get(table)?.find((each) => each.index === index)
    return part === undefined ? [] : attributesOf(part.key, kind).map(({ name }) => name)
  }

  report({ name }: InsightRule, asked: Asked): InsightReport {
    this.#turn()
    return insightReport(this.#windows.get(name) ?? new Map<number, InsightWindow>(), asked)
  }

  /** Counts what a request has accessed, and what of it was throttled. */
  note({ touches, context, error }: Seen): void {
    this.#turn()
    if (context !== undefined) this.#noteAccess(touches, context)
    const throttled = throttledOf({ touches, context, error })
    for (const { touch, nth, index } of throttled) {
      for (const part of this.#partsOf(touch, index))
        for (const [n, item] of itemsOf(touch, part).entries())
          if (nth === undefined || nth === n) this.#count(part, item, { by: 1, suffix: 'T' })
    }
  }

  #noteAccess(touches: readonly Touch[], { spent }: RequestContext): void {
    for (const { table: name, direction, capacity } of spent.uses()) {
      for (const part of this.#parts.get(name) ?? []) {
        const units =
          part.index === ''
            ? capacity.indexes.reduce(
                (sum, { index, units: own }) => sum + (index.kind === 'local' ? own : 0),
                capacity.table,
              )
            : (capacity.indexes.find(({ index }) => index.name === part.index)?.units ?? 0)
        if (units > 0) this.#noteUnits(part, touches, { units, direction })
      }
    }
  }

  /** In equal shares for the keys. */
  #noteUnits(part: Part, touches: readonly Touch[], used: { readonly units: number; readonly direction: Direction }) {
    const items = touches.flatMap((touch) => {
      const isOf = directionOf(touch) === used.direction && this.#nameOf(touch) === part.table.name
      const reads = used.direction === 'read'
      return isOf && (!reads || this.#placeOf(part.table, touch) === part.index) ? itemsOf(touch, part) : []
    })
    const by = (used.units * (used.direction === 'write' ? writeWeight : 1)) / Math.max(1, items.length)
    for (const item of items) this.#count(part, item, { by, suffix: 'C' })
  }

  #count({ key, rules }: Part, item: Item, { by, suffix }: { readonly by: number; readonly suffix: 'C' | 'T' }): void {
    for (const kind of [`PK${suffix}`, `SK${suffix}`] as const) {
      const rule = rules.get(kind)
      const text = rule === undefined || !rule.isEnabled ? undefined : keyText(item, attributesOf(key, kind))
      if (rule !== undefined && text !== undefined) this.#windowOf(rule).add(text, by)
    }
  }

  #windowOf({ name }: InsightRule): InsightWindow {
    let windows = this.#windows.get(name)
    if (windows === undefined) this.#windows.set(name, (windows = new Map()))
    let window = windows.get(this.#minute)
    if (window === undefined) windows.set(this.#minute, (window = new InsightWindow()))
    return window
  }

  /** Where the touch is throttled: at its table or at an index of it that a write changes. */
  #partsOf(touch: Touch, index: string | undefined): readonly Part[] {
    const name = this.#nameOf(touch)
    const parts = name === undefined ? [] : (this.#parts.get(name) ?? [])
    return parts.filter((part) => part.index === (index ?? this.#placeOf(part.table, touch)))
  }

  /** Local indexes are of the table's own partitions. */
  #placeOf({ indexes }: Table, { index }: Touch): string {
    return indexes.find(({ name }) => name === index)?.kind === 'global' ? (index ?? '') : ''
  }

  #nameOf({ table }: Touch): string | undefined {
    try {
      return table === undefined ? undefined : tableNameOf(this.#deps.settings, table)
    } catch {
      return undefined
    }
  }

  /** Minutes that are over keep what is shown of them; the oldest of all go. */
  #turn(): void {
    const minute = Math.floor(this.#deps.env.clock.wallMs() / minuteMs) * minuteMs
    if (minute === this.#minute) return
    for (const windows of this.#windows.values()) {
      const window = windows.get(this.#minute)
      window?.close()
      this.#bytes += window?.bytes ?? 0
      for (const at of windows.keys()) if (at < minute - insightMinutesMax * minuteMs) this.#drop(windows, at)
    }
    this.#minute = minute
    while (this.#bytes > insightBytesMax) {
      const oldest = Math.min(...[...this.#windows.values()].flatMap((windows) => [...windows.keys()]))
      if (!Number.isFinite(oldest)) return
      for (const windows of this.#windows.values()) this.#drop(windows, oldest)
    }
  }

  #drop(windows: Map<number, InsightWindow>, at: number): void {
    this.#bytes -= windows.get(at)?.bytes ?? 0
    windows.delete(at)
  }

  #refresh(tables: readonly Table[]): void {
    this.#tables = tables
    const parts = tables.flatMap((table) =>
      table.insights === undefined ? [] : [[table.name, partsOf(table)] as const],
    )
    this.#parts = new Map(parts.filter(([, own]) => own.length > 0))
    const names = new Set(this.rules().map(({ name }) => name))
    for (const [name, windows] of this.#windows)
      if (!names.has(name)) {
        for (const at of windows.keys()) this.#drop(windows, at)
        this.#windows.delete(name)
      }
  }
}

function partsOf(table: Table): readonly Part[] {
  return Object.entries(table.insights ?? {}).flatMap(([index, setting]) => {
    const key = index === '' ? table.key : table.indexes.find(({ name }) => name === index)?.key
    if (key === undefined) return []
    const { createdMs, off = [] } = setting
    const rules = kindsOf(setting, key.sort.length > 0).map((kind): [RuleKind, InsightRule] => [
      kind,
      {
        name: ruleName(kind, { table: table.name, index, createdMs }),
        kind,
        table: table.name,
        index,
        isEnabled: !off.includes(kind),
      },
    ])
    return rules.length === 0 ? [] : { table, index, key, rules: new Map(rules) }
  })
}

const attributesOf = ({ partition, sort }: KeySchema, kind: RuleKind): readonly KeyAttribute[] =>
  kind.startsWith('P') ? partition : [...partition, ...sort]

const itemsOf = (touch: Touch, { key }: Part): readonly Item[] => touch.keysOf?.(key) ?? []

/** JSON of the values as texts; undefined for an item that has not all of the attributes. */
function keyText(item: Item, attributes: readonly KeyAttribute[]): string | undefined {
  const texts: string[] = []
  for (const attribute of attributes) {
    const value = keyValueOf(item, attribute)
    if (value === undefined) return undefined
    texts.push(String(Object.values(value)[0]))
  }
  return JSON.stringify(texts)
}

type Throttled = {
  readonly touch: Touch
  /** Which of its keys; all where not said. */ readonly nth?: number
  readonly index?: string
}

const throttles: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
])
const throttledReasons: ReadonlySet<string | undefined> = new Set(['ProvisionedThroughputExceeded', 'ThrottlingError'])

/** Parts of a request that were refused for lack of capacity. */
function throttledOf({ touches, context, error }: Seen): readonly Throttled[] {
  if (error === undefined)
    return touches.flatMap((touch, n) =>
      (context?.admitted?.refusals[n] ?? []).flatMap((refusal, nth) =>
        refusal === undefined ? [] : [{ touch, nth, ...indexIn(refusal) }],
      ),
    )
  if (!(error instanceof ServiceError)) return []
  if (throttles.has(error.code)) return touches.map((touch) => ({ touch, ...indexIn(error) }))
  if (error.code !== 'TransactionCanceledException') return []
  const { CancellationReasons: reasons = [] } = error.members as {
    readonly CancellationReasons?: readonly { readonly Code?: string }[]
  }
  return touches.flatMap((touch, n) => (throttledReasons.has(reasons[n]?.Code) ? [{ touch }] : []))
}

/** The index that the refusal names as short of capacity. */
function indexIn({ members }: ServiceError): Pick<Throttled, 'index'> {
  const { ThrottlingReasons, throttlingReasons } = members as Readonly<
    Record<string, readonly { readonly resource?: string }[] | undefined>
  >
  const [, index] = /\/index\/([^/]+)$/.exec((ThrottlingReasons ?? throttlingReasons)?.[0]?.resource ?? '') ?? []
  return index === undefined ? {} : { index }
}
