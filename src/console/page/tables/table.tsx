/** One table: its items, and how it is set. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type TableView, tableView } from '../../model/described-table.ts'
import { regionNames } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { addressOf, route } from '../page-route.ts'
import { dynamo, Refused } from './dynamo.ts'
import { Items } from './items.tsx'
import { Partiql } from './partiql.tsx'
import type { Shown } from './table-parts.ts'
import { Settings } from './settings.tsx'

const parts = [
  ['items', 'Items'],
  ['partiql', 'PartiQL'],
  ['settings', 'Settings, indexes, replicas'],
] as const

export function Table({ name }: { readonly name: string }) {
  const shown = useSignal<{ readonly view: TableView; readonly region: string } | undefined>(undefined)
  const work = useDoing()
  const look = (): void => void work.look(async () => void (shown.value = await describe(name)))
  useEffect(look, [name])
  const [, , part = 'items'] = route.value
  return (
    <>
      <p class="row">
        <a href={addressOf('tables')}>all tables</a> <strong>{name}</strong>
        {parts.map(([each, title]) => (
          <a
            key={each}
            class="tab"
            href={addressOf('tables', name, each)}
            aria-current={each === part ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </p>
      <Problem of={work} />
      {shown.value === undefined ? <p>asking the regions …</p> : <Part part={part} shown={{ ...shown.value, look }} />}
    </>
  )
}

function Part({ part, shown }: { readonly part: string; readonly shown: Shown }) {
  if (part === 'settings') return <Settings {...shown} />
  return part === 'partiql' ? <Partiql {...shown} /> : <Items {...shown} />
}

/** By the first region that has it. */
async function describe(name: string): Promise<{ readonly view: TableView; readonly region: string }> {
  const problems: string[] = []
  for (const region of regionNames.value) {
    try {
      return { region, view: tableView(await dynamo(region, 'DescribeTable', { TableName: name })) }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      problems.push(`${region}: ${error.message}`)
    }
  }
  throw new Error(problems.join('; '))
}
