/** Draws operations of one key as text: a line each, on an axis on which each invocation and return has its own column. */
import type { Operation, Value } from './history.ts'
import type { Offence } from './offence.ts'

/** Columns beyond this are drawn narrower. */
const axisColumnsMax = 120

export function drawingOf(key: string, { operations, othersAnyTime }: Offence): string {
  const drawn = operations.toSorted((a, b) => a.invoked - b.invoked)
  const moments = [...new Set(drawn.flatMap(({ invoked, returned }) => [invoked, returned ?? invoked]))].toSorted(
    (a, b) => a - b,
  )
  const width = Math.max(1, Math.min(6, Math.floor(axisColumnsMax / moments.length)))
  const column = (moment: number): number => moments.indexOf(moment) * width
  const end = moments.length * width
  const names = drawn.map((each) => `${each.process}  ${words(each)}`)
  const widest = Math.max(0, ...names.map((name) => name.length))
  const lines = drawn.map((each, n) => {
    const from = column(each.invoked)
    const isOpen = each.outcome === 'unknown' || each.returned === null
    const to = isOpen ? end : column(each.returned)
    const bar = `├${'─'.repeat(Math.max(0, to - from - 1))}${isOpen ? '┄ ?' : '┤'}`
    return `${(names[n] ?? '').padEnd(widest)}  ${' '.repeat(from)}${bar}`
  })
  return [`key ${key}`, ...lines, ...others(othersAnyTime)].join('\n')
}

function others(count: number): readonly string[] {
  if (count === 0) return []
  return [`No moments of the ${count} other writes of this key make these true.`]
}

function words(operation: Operation): string {
  const { outcome, value } = operation
  if (operation.op === 'read') return `read → ${shown(value)}`
  const told = value === undefined ? '' : ` → ${shown(value)}`
  return `${asked(operation)}${told}${outcome === 'ok' ? '' : ` (${outcome})`}`
}

function asked(operation: Exclude<Operation, { readonly op: 'read' }>): string {
  if (operation.op === 'write') return `write ${shown(operation.to)}`
  if (operation.op === 'cas') return `if ${shown(operation.from)} write ${shown(operation.to)}`
  return `add ${operation.by}${operation.below === undefined ? '' : ` if below ${operation.below}`}`
}

function shown(value: Value | undefined): string {
  if (value === null) return 'nothing'
  return value === undefined ? '?' : JSON.stringify(value)
}
