/** One item in all regions, side by side; and its editor. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../../console-calls.ts'
import { type Item, shortText } from '../../../model/edited-values.ts'
import { attributeRows } from '../../../model/compare-items.ts'
import { momentText } from '../../../model/figure-text.ts'
import { keyText } from '../../../model/wanted-items.ts'
import type { ReplicaRow } from '../../../model/console-state.ts'
import type { TableView } from '../../../model/described-table.ts'
import { call } from '../../console-api.ts'
import { regionNames } from '../../live.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Problem, useDoing } from '../../parts/doing.tsx'
import { ItemEditor } from './item-editor.tsx'

type Props = {
  readonly view: TableView
  /** Undefined: a new one. */
  readonly itemKey: Item | undefined
  readonly onClose: () => void
}

type Column = { readonly region: string; readonly row: ReplicaRow | undefined }

export function ItemDialog({ view, itemKey, onClose }: Props) {
  const answers = useSignal<ToldOf<'items'>['regions'] | undefined>(undefined)
  const editing = useSignal<string | undefined>(itemKey === undefined ? (regionNames.value[0] ?? '') : undefined)
  const work = useDoing()
  const look = (): void =>
    void work.run(async () => {
      if (itemKey === undefined) return
      answers.value = (
        await call('items', { table: view.name, keys: [itemKey as Record<string, Item[string]>] })
      ).regions
    })
  useEffect(look, [])
  const columns = (answers.value ?? [])
    .filter(({ problem }) => problem === undefined || !problem.includes('no table'))
    .map(({ region, rows }) => ({ region, row: rows?.[0] }))
  const title = itemKey === undefined ? `New item of ${view.name}` : keyText(view.keys, itemKey)
  const edited = columns.find(({ region }) => region === editing.value)?.row?.item
  return (
    <Dialog title={title} onClose={onClose} wide>
      <Problem of={work} />
      {itemKey === undefined ? null : <Compared columns={columns} onEdit={(region) => (editing.value = region)} />}
      {editing.value === undefined ? null : (
        <ItemEditor
          key={editing.value}
          view={view}
          region={editing.value}
          before={edited}
          onDone={() => {
            editing.value = undefined
            if (itemKey === undefined) onClose()
            else look()
          }}
        />
      )}
    </Dialog>
  )
}

function Compared({
  columns,
  onEdit,
}: {
  readonly columns: readonly Column[]
  readonly onEdit: (region: string) => void
}) {
  const rows = attributeRows(columns.map(({ row }) => row?.item as Item | undefined))
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="The item by region">
      <table class="items">
        <thead>
          <tr>
            <th scope="col">attribute</th>
            {columns.map(({ region }) => (
              <th key={region} scope="col">
                {region}{' '}
                <button type="button" class="small" aria-label={`Edit in ${region}`} onClick={() => onEdit(region)}>
                  edit here
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, values, differs }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, index) => (
                <td key={columns[index]?.region} class={differs ? 'unlike' : ''}>
                  {value === undefined ? (
                    <em>{columns[index]?.row?.item === undefined ? '' : 'not there'}</em>
                  ) : (
                    <code>{shortText(value, 400)}</code>
                  )}
                </td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">written</th>
            {columns.map(({ region, row }) => (
              <td key={region}>{writtenText(row)}</td>
            ))}
          </tr>
          <tr>
            <th scope="row">had seen</th>
            {columns.map(({ region, row }) => (
              <td key={region}>
                {(row?.seen ?? [])
                  .map(({ by, wallMs }) => `${by} up to ${momentText(wallMs).slice(11, 23)}`)
                  .join(', ') || '–'}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  )
}

function writtenText(row: ReplicaRow | undefined): string {
  if (row === undefined) return 'unknown: the region does not answer'
  if (row.written === undefined) return row.has
  const { by, wallMs, counter } = row.written
  return `${row.has === 'an item' ? '' : `${row.has}, `}by ${by}, ${momentText(wallMs)} +${counter}`
}
