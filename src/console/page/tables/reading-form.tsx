/** What is read: in which region, of which index, by which key. */
import type { Signal } from '@preact/signals'
import type { SortHow, Wish } from '../../model/wanted-items.ts'
import type { TableView } from '../../model/described-table.ts'
import { regionNames } from '../live.ts'

type Props = {
  readonly view: TableView
  readonly wish: Signal<Wish>
  readonly where: Signal<string>
  readonly onRead: () => void
  readonly isBusy: boolean
}

const sortHows: readonly SortHow[] = ['any', '=', '<', '<=', '>', '>=', 'begins with']
const limits = [10, 25, 50, 100] as const

export function ReadingForm({ view, wish, where, onRead, isBusy }: Props) {
  const set = (changed: Partial<Wish>): void => {
    wish.value = { ...wish.value, ...changed }
  }
  const keys = view.indexes.find(({ name }) => name === wish.value.index)?.keys ?? view.keys
  const sort = keys.find(({ role }) => role === 'RANGE')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onRead()
      }}
    >
      <div class="fields">
        <label class="field">
          Read in
          <select value={where.value} onChange={(event) => (where.value = event.currentTarget.value)}>
            <option value="">every region</option>
            {regionNames.value.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field">
          Of
          <select value={wish.value.index} onChange={(event) => set({ index: event.currentTarget.value })}>
            <option value="">the table</option>
            {view.indexes.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field">
          {keys.find(({ role }) => role === 'HASH')?.name ?? 'Partition key'} is (empty: all)
          <input value={wish.value.partition} onInput={(event) => set({ partition: event.currentTarget.value })} />
        </label>
        {sort === undefined ? null : <SortFields name={sort.name} wish={wish.value} onChange={set} />}
        <label class="field">
          At most
          <select
            value={String(wish.value.limit)}
            onChange={(event) => set({ limit: Number(event.currentTarget.value) })}
          >
            {limits.map((limit) => (
              <option key={limit}>{limit}</option>
            ))}
          </select>
        </label>
      </div>
      <Filter wish={wish.value} onChange={set} />
      <div class="row">
        <label>
          <input
            type="checkbox"
            checked={wish.value.isStrong}
            onChange={(event) => set({ isStrong: event.currentTarget.checked })}
          />{' '}
          strongly consistent
        </label>
        <label>
          <input
            type="checkbox"
            checked={wish.value.isBackwards}
            onChange={(event) => set({ isBackwards: event.currentTarget.checked })}
          />{' '}
          backwards
        </label>
        <button type="submit" class="primary" disabled={isBusy}>
          {wish.value.partition === '' ? 'Scan' : 'Query'}
        </button>
      </div>
    </form>
  )
}

type PartProps = { readonly wish: Wish; readonly onChange: (changed: Partial<Wish>) => void }

function SortFields({ name, wish, onChange }: PartProps & { readonly name: string }) {
  return (
    <>
      <label class="field">
        {name} is
        <select value={wish.sortHow} onChange={(event) => onChange({ sortHow: event.currentTarget.value as SortHow })}>
          {sortHows.map((how) => (
            <option key={how}>{how}</option>
          ))}
        </select>
      </label>
      <label class="field">
        value
        <input
          value={wish.sort}
          disabled={wish.sortHow === 'any'}
          onInput={(event) => onChange({ sort: event.currentTarget.value })}
        />
      </label>
    </>
  )
}

function Filter({ wish, onChange }: PartProps) {
  return (
    <details>
      <summary>Filter</summary>
      <div class="fields">
        <label class="field">
          Filter expression
          <input
            value={wish.filter}
            placeholder="total > :least"
            onInput={(event) => onChange({ filter: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          Its values, as JSON
          <input
            value={wish.filterValues}
            placeholder={'{":least": {"N": "5"}}'}
            onInput={(event) => onChange({ filterValues: event.currentTarget.value })}
          />
        </label>
      </div>
    </details>
  )
}
