/** What the last day would cost on AWS in a month, asked for by a button: every table of every region is asked. */
import { useSignal } from '@preact/signals'
import type { ToldOf } from '../../console-calls.ts'
import { dollarsText, durationText } from '../../model/figure-text.ts'
import { call } from '../console-api.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Heads } from '../parts/heads.tsx'
import { Copyable } from '../parts/told.tsx'

type Told = ToldOf<'cost'>
type Total = Told['total']

export function Cost() {
  const told = useSignal<Told | undefined>(undefined)
  const work = useDoing()
  return (
    <Panel
      title="Cost on AWS"
      aside={
        <button
          type="button"
          disabled={work.busy.value}
          onClick={() => void work.run(async () => void (told.value = await call('cost', {})))}
        >
          {work.busy.value ? 'estimating …' : 'Estimate'}
        </button>
      }
    >
      <Problem of={work} />
      {told.value === undefined ? (
        <p class="empty">What the last day would cost on AWS in a month, by region and table.</p>
      ) : (
        <Shown told={told.value} />
      )}
      <Copyable label="as a command" text="longitude cost --over 1d" />
    </Panel>
  )
}

function Shown({ told }: { readonly told: Told }) {
  const { observedMs, pricesAsOf, total, byRegion, lines, count, unconfirmed, unknown } = told
  return (
    <>
      <p class="hint">
        In US dollars, as the last {durationText(observedMs)} went on; prices as of {pricesAsOf}. Provisioned has in
        each hour what its busiest minute asked for at 70 %.
      </p>
      <div class="scrolls tall" tabIndex={0} role="region" aria-label="Costs by region and table">
        <table>
          <Heads of={['Region', 'Table or index', 'What', 'On demand', 'Provisioned']} />
          <tbody>
            <Totals name="all regions" total={total} />
            {Object.entries(byRegion).map(([region, each]) => (
              <Totals key={region} name={region} total={each} />
            ))}
            {lines.map(({ region, table, index, dimension, onDemandUsd, provisionedUsd }) => (
              <tr key={`${region} ${table} ${index ?? ''} ${dimension}`}>
                <td>{region}</td>
                <td>{index === undefined ? table : `${table} / ${index}`}</td>
                <td>{dimension}</td>
                <td>{dollarsText(onDemandUsd)}</td>
                <td>{dollarsText(provisionedUsd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {count > lines.length ? (
        <p class="hint">
          The dearest {lines.length} of {count} parts are shown.
        </p>
      ) : null}
      {unconfirmed.length > 0 ? (
        <p class="hint">
          ~ marks sums with a price that is not confirmed, as it was not read from AWS’s list for its region:{' '}
          {unconfirmed.join('; ')}.
        </p>
      ) : null}
      <details>
        <summary>Not known, and not in the figures</summary>
        <ul>
          {unknown.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </details>
    </>
  )
}

function Totals({ name, total }: { readonly name: string; readonly total: Total }) {
  const least = total.isAtLeast ? 'at least ' : ''
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>together</td>
      <td />
      <td>
        {least}
        {total.isUnconfirmed.onDemand ? '~ ' : ''}
        {dollarsText(total.onDemandUsd)}
      </td>
      <td>
        {least}
        {total.isUnconfirmed.provisioned ? '~ ' : ''}
        {dollarsText(total.provisionedUsd)}
      </td>
    </tr>
  )
}
