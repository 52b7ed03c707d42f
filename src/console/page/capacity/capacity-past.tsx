/** The last hour of a table or index: units a second of each minute, and what was throttled, as a plot and as a table. */
import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import uPlot from 'uplot'
import type { ToldOf } from '../../console-calls.ts'
import { timeText, unitsText } from '../../model/figure-text.ts'
import { call } from '../console-api.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Heads } from '../parts/heads.tsx'
import { axisIn, type Colours, PlotFrame, plotHeight } from '../parts/plot-frame.tsx'
import { nameOf, type Row } from './consumed-row.ts'

type Past = ToldOf<'capacityPast'>

export function CapacityPast({ region, row }: { readonly region: string; readonly row: Row }) {
  const told = useSignal<Past | undefined>(undefined)
  const work = useDoing()
  const { table, index } = row
  useEffect(() => {
    const asked = { region, table, ...(index === undefined ? {} : { index }) }
    void work.look(async () => void (told.value = await call('capacityPast', asked)))
  }, [region, table, index])
  return (
    <Panel title={`The last hour of ${nameOf(row)}`}>
      <Problem of={work} />
      {told.value === undefined ? <p class="empty">asking the region …</p> : <Shown past={told.value} row={row} />}
    </Panel>
  )
}

function Shown({ past, row }: { readonly past: Past; readonly row: Row }) {
  const data = useMemo((): uPlot.AlignedData => {
    const at = past.atMs.map((ms) => ms / 1000)
    return [at, [...past.read], [...past.write], [...past.throttled]]
  }, [past])
  return (
    <>
      <PlotFrame label={`Units a second of ${nameOf(row)}`} data={data} options={optionsFor} />
      <p>
        Auto scaling:{' '}
        {past.scaling.length === 0
          ? 'none'
          : past.scaling
              .map(({ of, least, most, percent }) => {
                const aim = percent === undefined ? '' : ` at ${percent} %`
                return `${of} from ${least} to ${most} units${aim}`
              })
              .join('; ')}
      </p>
      <details>
        <summary>The same as a table</summary>
        <div class="scrolls tall" tabIndex={0} role="region" aria-label="Minutes">
          <table>
            <Heads of={['Minute (UTC)', 'Reads a second', 'Writes a second', 'Throttled']} />
            <tbody>
              {past.atMs.map((atMs, index) => (
                <tr key={atMs}>
                  <th scope="row">{timeText(atMs).slice(0, 5)}</th>
                  <td>{shown(past.read[index])}</td>
                  <td>{shown(past.write[index])}</td>
                  <td>{past.throttled[index] ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}

const shown = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : unitsText(value)

function optionsFor(width: number, colour: Colours): uPlot.Options {
  const axis = axisIn(colour)
  const line = { width: 2, points: { show: true, size: 5 } }
  return {
    width,
    height: plotHeight,
    legend: { live: false },
    cursor: { y: false },
    scales: { units: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    axes: [
      { ...axis, space: 90, values: (_, ticks) => ticks.map((seconds) => timeText(seconds * 1000).slice(0, 5)) },
      { ...axis, scale: 'units', size: 60, values: (_, ticks) => ticks.map((units) => unitsText(units)) },
    ],
    series: [
      {},
      { ...line, label: 'reads a second', scale: 'units', stroke: colour('--accent') },
      { ...line, label: 'writes a second', scale: 'units', stroke: colour('--warn'), dash: [6, 4] },
      { ...line, label: 'throttled in the minute', scale: 'units', stroke: colour('--bad'), dash: [2, 3] },
    ],
  }
}
