/** A statement of PartiQL in a region, with what it returned and what it consumed. */
import { RegionChoice } from '../parts/region-choice.tsx'
import { Heads } from '../parts/heads.tsx'
import { useSignal } from '@preact/signals'
import { type Item, shortText } from '../../model/edited-values.ts'
import { operationTold } from '../../model/told-commands.ts'
import { capacityText } from '../../model/wanted-items.ts'
import { state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo, type Output } from './dynamo.ts'
import type { Shown } from './table-parts.ts'

export function Partiql({ view, region: first }: Shown) {
  const region = useSignal(first)
  const statement = useSignal(`SELECT * FROM "${view.name}"`)
  const output = useSignal<Output | undefined>(undefined)
  const work = useDoing()
  // A statement that writes is refused with a limit.
  const limit = /^\s*select\b/i.test(statement.value) ? { Limit: 100 } : {}
  const input = { Statement: statement.value, ReturnConsumedCapacity: 'INDEXES', ...limit }
  const endpoint = state.value?.regions.find(({ name }) => name === region.value)?.endpoint ?? ''
  return (
    <Panel title="PartiQL">
      <label class="field">
        Statement
        <textarea rows={3} value={statement.value} onInput={(event) => (statement.value = event.currentTarget.value)} />
      </label>
      <div class="row">
        <label>
          in <RegionChoice of={region} />
        </label>
        <button
          type="button"
          class="primary"
          disabled={work.busy.value}
          onClick={() =>
            void work.run(async () => void (output.value = await dynamo(region.value, 'ExecuteStatement', input)))
          }
        >
          Execute
        </button>
        {output.value === undefined ? null : <span class="hint">consumed: {capacityText(output.value)}</span>}
      </div>
      <Problem of={work} />
      {output.value === undefined ? null : <Returned output={output.value} />}
      <ToldAs told={operationTold('ExecuteStatement', input, { region: region.value, endpoint })} />
    </Panel>
  )
}

function Returned({ output }: { readonly output: Output }) {
  const items = Array.isArray(output['Items']) ? (output['Items'] as readonly Item[]) : []
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))]
  if (items.length === 0) return <p class="empty">Done; no items returned.</p>
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Returned items">
      <table class="items">
        <Heads of={names} />
        <tbody>
          {items.map((item, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name}>
                  <code>{item[name] === undefined ? '' : shortText(item[name], 120)}</code>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {output['NextToken'] === undefined ? null : <p class="hint">There are more: limit the statement.</p>}
    </div>
  )
}
