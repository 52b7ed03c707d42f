/** The past of one direction: a plot with the faults marked in it, and the same as a table. */
import { Heads } from '../parts/heads.tsx'
import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { timeText } from '../../model/figure-text.ts'
import { appended, marksOf, rowsOf, type Series, seriesOf } from '../../model/past-series.ts'
import type { Note } from '../../model/console-state.ts'
import { call } from '../console-api.ts'
import { directionOf, notes, state } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { Plot } from './plot.tsx'

/** As many as the console keeps. */
const samplesMax = 900
const rowEvery = 10

type Props = { readonly from: string; readonly to: string }

export function Past({ from, to }: Props) {
  const series = useSignal<Series | undefined>(undefined)
  const work = useDoing()
  useEffect(() => {
    void work.look(async () => void (series.value = seriesOf(await call('history', { from, to }))))
  }, [from, to])
  useSignalEffect(() => {
    const now = state.value
    const direction = directionOf(from, to)
    const before = series.peek()
    if (now !== undefined && direction !== undefined && before !== undefined)
      series.value = appended(before, now.atMs, direction, samplesMax)
  })
  if (series.value === undefined) return <Problem of={work} />
  const marks = marksOf(series.value, notes.value, [from, to])
  return (
    <>
      <Plot series={series.value} marks={marks} label={`Lag and pending changes from ${from} to ${to}`} />
      <Marks marks={marks} />
      <details>
        <summary>The same as a table</summary>
        <AsTable series={series.value} />
      </details>
    </>
  )
}

function Marks({ marks }: { readonly marks: readonly Note[] }) {
  if (marks.length === 0) return <p class="hint">No fault and no drill in this time. Shaded: not safe to evacuate.</p>
  return (
    <ol class="notes" tabIndex={0} aria-label="Marks in the plot">
      {marks.map(({ atMs, kind, text }, index) => (
        <li key={`${atMs} ${index}`} class={kind}>
          <time dateTime={new Date(atMs).toISOString()}>{timeText(atMs)}</time> {text}
        </li>
      ))}
    </ol>
  )
}

function AsTable({ series }: { readonly series: Series }) {
  return (
    <div class="scrolls tall" tabIndex={0} role="region" aria-label="Samples">
      <table>
        <Heads of={['At (UTC)', 'Lag', 'Pending', 'Evacuate']} />
        <tbody>
          {rowsOf(series, rowEvery).map(({ atMs, lag, pending, safe }) => (
            <tr key={atMs}>
              <th scope="row">{timeText(atMs)}</th>
              <td>{lag}</td>
              <td>{pending}</td>
              <td>{safe}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
