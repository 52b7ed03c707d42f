/** All tables with the regions that have them; and one of them. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../console-calls.ts'
import { call, signedIn } from '../console-api.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { addressOf, route } from '../page-route.ts'
import { CreateTable } from './create-table.tsx'
import { Table } from './table.tsx'

/** More are found by their names. */
const shownMax = 200

export function Tables() {
  const [, name = ''] = route.value
  if (signedIn.value !== true) return <WantsKey />
  return name === '' ? <TableList /> : <Table key={name} name={name} />
}

function TableList() {
  const told = useSignal<ToldOf<'tables'>>({ tables: [], problems: [] })
  const wanted = useSignal('')
  const creating = useSignal(false)
  const work = useDoing()
  const look = (): void => void work.look(async () => void (told.value = await call('tables', {})))
  useEffect(look, [])
  const { tables, problems } = told.value
  const found = tables.filter(({ name }) => name.toLowerCase().includes(wanted.value.toLowerCase()))
  return (
    <Panel
      title={`${tables.length} tables`}
      aside={
        <div class="row">
          <label>
            Find{' '}
            <input type="search" value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
          </label>
          <button type="button" onClick={look} disabled={work.busy.value}>
            Look again
          </button>
          <button type="button" class="primary" onClick={() => (creating.value = true)}>
            Create a table
          </button>
        </div>
      }
    >
      <Problem of={work} />
      {problems.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      <Rows tables={found.slice(0, shownMax)} />
      {found.length > shownMax ? <p class="hint">{found.length - shownMax} more: find them by name.</p> : null}
      {creating.value ? (
        <CreateTable
          onClose={() => {
            creating.value = false
            look()
          }}
        />
      ) : null}
    </Panel>
  )
}

function Rows({ tables }: { readonly tables: ToldOf<'tables'>['tables'] }) {
  if (tables.length === 0) return <p class="empty">No table of that name.</p>
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="List of the tables">
      <table>
        <thead>
          <tr>
            <th scope="col">Table</th>
            <th scope="col">Regions</th>
          </tr>
        </thead>
        <tbody>
          {tables.map(({ name, regions }) => (
            <tr key={name}>
              <th scope="row">
                <a href={addressOf('tables', name)}>{name}</a>
              </th>
              <td>{regions.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
