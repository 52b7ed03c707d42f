/**
 * The tables of states in docs/design/replication.md, made from the tables that the code runs on.
 *
 *   npx tsx test/tidy/state-tables.ts        writes them
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { linkTable } from '../../src/readers/replication/receive/link-state.ts'
import { replicaTable } from '../../src/readers/replication/replicas/replica-table.ts'

export const page = fileURLToPath(new URL('../../docs/design/replication.md', import.meta.url))

type Cell = { readonly state: string; readonly event: string; readonly next: string; readonly action: string }

export function pageWithStates(): string {
  const text = readFileSync(page, 'utf8')
  return between(between(text, 'replica states', tableOf(replicaTable)), 'link states', tableOf(linkTable))
}

/** A row a state, a column an event. */
function tableOf(cells: readonly Cell[]): string {
  const states = [...new Set(cells.map(({ state }) => state))]
  const events = [...new Set(cells.map(({ event }) => event))]
  const textOf = (state: string, event: string): string => {
    const cell = cells.find((each) => each.state === state && each.event === event)
    if (cell === undefined || (cell.next === state && cell.action === 'none')) return ''
    const action = cell.action === 'none' ? '' : cell.action
    return [action, cell.next === state ? '' : `→ ${cell.next}`].filter((part) => part !== '').join(' ')
  }
  const rows = states.map((state) => [`**${state}**`, ...events.map((event) => textOf(state, event))])
  return [['', ...events], ['', ...events].map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function between(text: string, name: string, table: string): string {
  const pattern = new RegExp(`<!-- ${name} -->\\n[\\s\\S]*?<!-- end -->`)
  assert.match(text, pattern)
  return text.replace(pattern, () => `<!-- ${name} -->\n\n${table}\n\n<!-- end -->`)
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, pageWithStates())
