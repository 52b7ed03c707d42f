/** Asks whether a user or role may do something, and shows which statement decides. */
import { type Signal, useSignal } from '@preact/signals'
import type { AskedOf, ToldOf } from '../../console-calls.ts'
import { explainTold } from '../../model/told-commands.ts'
import { call } from '../console-api.ts'
import { regionNames } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { RegionChoice } from '../parts/region-choice.tsx'
import { TableChoice } from '../parts/table-choice.tsx'
import { Copyable } from '../parts/told.tsx'

type Identities = NonNullable<ToldOf<'access'>['identities']>
type Props = { readonly identities: Identities; readonly actions: readonly string[] }

export function Explain({ identities, actions }: Props) {
  const as = useSignal(identities.principals[0]?.name ?? 'root')
  const action = useSignal('GetItem')
  const table = useSignal('')
  const index = useSignal('')
  const key = useSignal('')
  const attributes = useSignal('')
  const region = useSignal(regionNames.value[0] ?? '')
  const told = useSignal<ToldOf<'explain'> | undefined>(undefined)
  const work = useDoing()
  const named = attributes.value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  const asked: AskedOf<'explain'> = {
    as: as.value,
    action: action.value,
    region: region.value,
    ...(table.value === '' ? {} : { table: table.value }),
    ...(index.value === '' ? {} : { index: index.value }),
    ...(key.value === '' ? {} : { key: key.value }),
    ...(named.length === 0 ? {} : { attributes: named }),
  }
  return (
    <>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void work.run(async () => void (told.value = await call('explain', asked)))
        }}
      >
        <label class="field">
          Who
          <select value={as.value} onChange={(event) => (as.value = event.currentTarget.value)}>
            {[...identities.principals.map(({ name }) => name), 'root'].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field">
          Action
          <select value={action.value} onChange={(event) => (action.value = event.currentTarget.value)}>
            {actions.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <TableChoice of={table} />
        <Text label="Index (optional)" of={index} />
        <Text label="Partition key (optional)" of={key} />
        <Text label="Attributes (optional)" of={attributes} />
        <label class="field">
          In
          <RegionChoice of={region} />
        </label>
        <button type="submit" class="primary" disabled={work.busy.value}>
          Ask
        </button>
      </form>
      <Problem of={work} />
      {told.value === undefined ? null : <Answer told={told.value} />}
      <Copyable label="as a command" text={explainTold(asked)} />
    </>
  )
}

function Text({ label, of: text }: { readonly label: string; readonly of: Signal<string> }) {
  return (
    <label class="field">
      {label}
      <input type="text" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
    </label>
  )
}

function Answer({ told: { allowed, principal, action, resource, because } }: { readonly told: ToldOf<'explain'> }) {
  return (
    <div class="answer" role="status">
      <p>
        <span class={`chip ${allowed ? 'good' : 'bad'}`}>{allowed ? 'may' : 'may not'}</span> <code>{principal}</code>{' '}
        {action} on <code>{resource}</code>
      </p>
      <ul>
        {because.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  )
}
