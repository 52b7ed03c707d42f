/** A row for each item, a column for each region. */
import { type Item, shortText } from '../../../model/edited-values.ts'
import { isEqual, latestOf, verdictOf } from '../../../model/compare-items.ts'
import { momentText } from '../../../model/figure-text.ts'
import { keyText } from '../../../model/wanted-items.ts'
import type { ReplicaRow } from '../../../model/console-state.ts'
import type { KeyPart } from '../../../model/described-table.ts'
import type { Found } from '../table-parts.ts'

type Props = { readonly keys: readonly KeyPart[]; readonly found: Found; readonly onOpen: (key: Item) => void }

export function ItemGrid({ keys, found, onOpen }: Props) {
  // A region without the table has no column, but one that does not answer has.
  const columns = found.answers.filter(({ problem }) => problem === undefined || !problem.includes('no table'))
  if (found.keys.length === 0) return <p class="empty">No item found.</p>
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Items by region">
      <table class="items">
        <thead>
          <tr>
            <th scope="col">{keys.map(({ name }) => name).join(' · ')}</th>
            <th scope="col">regions</th>
            {columns.map(({ region, problem }) => (
              <th key={region} scope="col">
                {region}
                {problem === undefined ? '' : ' (does not answer)'}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.keys.map((key, index) => {
            const rows = columns.map(({ rows: all }) => all?.[index])
            const verdict = verdictOf(rows)
            return (
              <tr key={JSON.stringify(key)} class={verdict}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => onOpen(key)}>
                    {keyText(keys, key)}
                  </button>
                </th>
                <td>
                  <span class={`chip ${verdict === 'same' ? 'good' : verdict === 'differs' ? 'bad' : 'unknown'}`}>
                    {verdict}
                  </span>
                </td>
                {rows.map((row, n) => (
                  <RowCell key={columns[n]?.region} row={row} latest={latestOf(rows)} keys={keys} />
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

type CellProps = {
  readonly row: ReplicaRow | undefined
  readonly latest: ReplicaRow | undefined
  readonly keys: readonly KeyPart[]
}

const attributesShown = 4

function RowCell({ row, latest, keys }: CellProps) {
  if (row === undefined) return <td class="quiet">unknown</td>
  const item = row.item as Item | undefined
  const isUnlike = !isEqual(item, latest?.item as Item | undefined)
  const names = Object.keys(item ?? {}).filter((name) => !keys.some((key) => key.name === name))
  return (
    <td class={isUnlike ? 'unlike' : ''}>
      {item === undefined ? <em>{row.has}</em> : null}
      {names.slice(0, attributesShown).map((name) => (
        <div key={name} class="attribute">
          <span>{name}</span> {shortText(item?.[name] ?? {}, 40)}
        </div>
      ))}
      {names.length > attributesShown ? <div class="attribute">… {names.length - attributesShown} more</div> : null}
      {row.written === undefined ? null : (
        <small title={momentText(row.written.wallMs)}>
          {isUnlike ? 'differs; ' : ''}by {row.written.by}, {momentText(row.written.wallMs).slice(11, 23)}
        </small>
      )}
    </td>
  )
}
