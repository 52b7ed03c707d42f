/** One of the tables, of which there may be a thousand: a field that finds them by their names. */
import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { call } from '../console-api.ts'

/** More are found by typing more of their names. */
const offeredMax = 50

export function TableChoice({ of: table, label = 'Table' }: { readonly of: Signal<string>; readonly label?: string }) {
  const id = useId()
  const names = useSignal<readonly string[]>([])
  useEffect(() => {
    const look = async (): Promise<void> => {
      const { tables } = await call('tables', {})
      names.value = tables.map(({ name }) => name)
      if (table.value === '' && tables.length === 1) table.value = names.value[0] ?? ''
    }
    // Without the names a table is typed.
    look().catch(() => undefined)
  }, [])
  const wanted = table.value.toLowerCase()
  const offered = names.value.filter((name) => name.toLowerCase().includes(wanted)).slice(0, offeredMax)
  return (
    <label class="field">
      {label}
      <input
        type="text"
        list={id}
        autocomplete="off"
        spellcheck={false}
        value={table.value}
        onInput={(event) => (table.value = event.currentTarget.value)}
      />
      <datalist id={id}>
        {offered.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  )
}
