/** What tables and indexes of a region consume, against what is provisioned, and what was short of capacity. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../console-calls.ts'
import { capacityTold } from '../../model/told-commands.ts'
import { momentText, unitsText } from '../../model/figure-text.ts'
import { call, signedIn } from '../console-api.ts'
import { regionNames, state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Heads } from '../parts/heads.tsx'
import { RegionChoice } from '../parts/region-choice.tsx'
import { ToldAs } from '../parts/told.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { CapacityPast } from './capacity-past.tsx'
import { Cost } from './cost.tsx'
import { nameOf, type Row } from './consumed-row.ts'

/** The metrics have a point a minute. */
const everyMs = 60_000
const shownMax = 100

type Told = ToldOf<'capacity'>

export function Capacity() {
  return signedIn.value === true ? <Shown /> : <WantsKey />
}

function Shown() {
  const region = useSignal(regionNames.value[0] ?? '')
  const told = useSignal<Told | undefined>(undefined)
  const wanted = useSignal('')
  const chosen = useSignal<Row | undefined>(undefined)
  const work = useDoing()
  const look = (): void => {
    const at = region.value
    void work.look(async () => {
      const found = await call('capacity', { region: at })
      if (at === region.value) told.value = found
    })
  }
  useEffect(() => {
    told.value = undefined
    chosen.value = undefined
    look()
    const timer = setInterval(look, everyMs)
    return () => clearInterval(timer)
  }, [region.value])
  const endpoint = state.value?.regions.find(({ name }) => name === region.value)?.endpoint ?? ''
  return (
    <>
      <Panel
        title="Consumed capacity"
        aside={
          <div class="row">
            <label>
              In <RegionChoice of={region} />
            </label>
            <label>
              Find{' '}
              <input
                type="search"
                value={wanted.value}
                onInput={(event) => (wanted.value = event.currentTarget.value)}
              />
            </label>
            <button type="button" disabled={work.busy.value} onClick={look}>
              Look again
            </button>
          </div>
        }
      >
        <Problem of={work} />
        {told.value === undefined ? (
          <p class="empty">asking the region …</p>
        ) : (
          <Rows told={told.value} wanted={wanted.value} onOpen={(row) => (chosen.value = row)} />
        )}
        <p class="hint">
          Units a second on average of five minutes
          {told.value === undefined ? '' : `, until ${momentText(told.value.untilMs).slice(11, 16)} UTC`}. A region
          counts its own requests: writes that came from other regions use none of its capacity. What is provisioned is
          told every five minutes, and of a table on demand never. With --capacity observe, what is counted as throttled
          was served.
        </p>
        <ToldAs told={capacityTold({ region: region.value, endpoint })} />
      </Panel>
      {chosen.value === undefined ? null : (
        <CapacityPast key={nameOf(chosen.value)} region={region.value} row={chosen.value} />
      )}
      <Cost />
    </>
  )
}

type RowsProps = { readonly told: Told; readonly wanted: string; readonly onOpen: (row: Row) => void }

function Rows({ told: { rows, count }, wanted, onOpen }: RowsProps) {
  const found = rows.filter((row) => nameOf(row).toLowerCase().includes(wanted.toLowerCase()))
  if (rows.length === 0)
    return (
      <p class="empty">No table of this region has consumed anything of late. A request is counted within a minute.</p>
    )
  return (
    <>
      <div class="scrolls tall" tabIndex={0} role="region" aria-label="Consumed capacity by table and index">
        <table>
          <Heads
            of={['Table or index', 'Reads', 'Reads of provisioned', 'Writes', 'Writes of provisioned', 'Throttled']}
          />
          <tbody>
            {found.slice(0, shownMax).map((row) => (
              <tr key={nameOf(row)}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => onOpen(row)}>
                    {nameOf(row)}
                  </button>
                </th>
                <td>{unitsText(row.read)}</td>
                <td>
                  <Share used={row.read} of={row.provisionedRead} />
                </td>
                <td>{unitsText(row.write)}</td>
                <td>
                  <Share used={row.write} of={row.provisionedWrite} />
                </td>
                <td>
                  <Throttled row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {count > Math.min(found.length, shownMax) && wanted === '' ? (
        <p class="hint">
          {count} tables and indexes; those that were short of capacity come first, then those that consumed most.
        </p>
      ) : null}
    </>
  )
}

function Share({ used, of }: { readonly used: number; readonly of: number | undefined }) {
  if (of === undefined) return <>–</>
  const percent = Math.round((100 * used) / of)
  return (
    <span class={`chip ${percent >= 100 ? 'bad' : percent >= 80 ? 'warn' : 'quiet'}`}>
      {percent} % of {of}
    </span>
  )
}

function Throttled({ row: { throttledReads, throttledWrites } }: { readonly row: Row }) {
  if (throttledReads + throttledWrites === 0) return <>none</>
  return (
    <span class="chip bad">
      {throttledReads} reads, {throttledWrites} writes
    </span>
  )
}
