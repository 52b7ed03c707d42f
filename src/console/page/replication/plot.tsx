/** Lag and pending changes over time; in the colours of the theme. */
import { useMemo, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { durationText, timeText } from '../../model/figure-text.ts'
import { type Series, spansOf } from '../../model/past-series.ts'
import type { Note } from '../../model/console-state.ts'
import { axisIn, type Colours, PlotFrame, plotHeight } from '../parts/plot-frame.tsx'

type Props = { readonly series: Series; readonly marks: readonly Note[]; readonly label: string }
type Shown = Omit<Props, 'label'>

export function Plot({ series, marks, label }: Props) {
  const shown = useRef<Shown>({ series, marks })
  shown.current = { series, marks }
  const data = useMemo(() => dataOf(series), [series])
  return (
    <PlotFrame label={label} data={data} options={(width, colour) => optionsFor(width, colour, () => shown.current)} />
  )
}

function dataOf({ at, lagMs, pending }: Series): uPlot.AlignedData {
  return [[...at], [...lagMs], [...pending]]
}

function optionsFor(width: number, colour: Colours, shown: () => Shown): uPlot.Options {
  const axis = axisIn(colour)
  return {
    width,
    height: plotHeight,
    legend: { live: false },
    cursor: { y: false },
    scales: {
      lag: { range: (_, __, most) => [0, Math.max(100, most * 1.1)] },
      pending: { range: (_, __, most) => [0, Math.max(5, most * 1.1)] },
    },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    axes: [
      { ...axis, space: 90, values: (_, ticks) => ticks.map((seconds) => timeText(seconds * 1000)) },
      { ...axis, scale: 'lag', size: 70, values: (_, ticks) => ticks.map((ms) => durationText(ms)) },
      {
        ...axis,
        scale: 'pending',
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- its enum is a const one: there is nothing to import
        side: 1,
        size: 60,
        grid: { show: false },
        values: (_, ticks) => ticks.map((each) => (Number.isInteger(each) ? String(each) : '')),
      },
    ],
    series: [
      {},
      { label: 'lag', scale: 'lag', stroke: colour('--accent'), width: 2, points: { show: false } },
      {
        label: 'pending',
        scale: 'pending',
        stroke: colour('--warn'),
        width: 1.5,
        dash: [6, 4],
        points: { show: false },
      },
    ],
    hooks: {
      drawClear: [(plot) => shade(plot, shown().series, colour)],
      draw: [(plot) => drawMarks(plot, shown().marks, colour)],
    },
  }
}

function shade(plot: uPlot, series: Series, colour: Colours): void {
  const { ctx, bbox } = plot
  for (const { from, to, state } of spansOf(series)) {
    const [x1, x2] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)]
    ctx.fillStyle = colour(state === 'not safe' ? '--bad-back' : '--unknown-back')
    ctx.fillRect(x1, bbox.top, Math.max(1, x2 - x1), bbox.height)
  }
}

function drawMarks(plot: uPlot, marks: readonly Note[], colour: Colours): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.setLineDash([4, 4])
  ctx.lineWidth = 1.5
  for (const { atMs, kind } of marks) {
    const x = plot.valToPos(atMs / 1000, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.strokeStyle = colour(kind === 'heal' ? '--good' : kind === 'action' ? '--accent' : '--bad')
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
