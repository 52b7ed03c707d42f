/** Lag and pending changes over time, by uPlot; in the colours of the theme. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { durationText, timeText } from '../../model/figures.ts'
import { type Series, spansOf } from '../../model/series.ts'
import type { Note } from '../../model/state.ts'

type Props = { readonly series: Series; readonly marks: readonly Note[]; readonly label: string }

const height = 240

export function Plot({ series, marks, label }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const shown = useRef({ series, marks })
  shown.current = { series, marks }
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const make = (): void => {
      plot.current?.destroy()
      plot.current = new uPlot(
        optionsFor(element, () => shown.current),
        dataOf(shown.current.series),
        element,
      )
    }
    make()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    const theme = matchMedia('(prefers-color-scheme: dark)')
    theme.addEventListener('change', make)
    return () => {
      resized.disconnect()
      theme.removeEventListener('change', make)
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(dataOf(series)), [series])
  return <div ref={place} class="plot" role="img" aria-label={`${label}; the table below has the same`} />
}

function dataOf({ at, lagMs, pending }: Series): uPlot.AlignedData {
  return [[...at], [...lagMs], [...pending]]
}

function optionsFor(element: HTMLElement, shown: () => Omit<Props, 'label'>): uPlot.Options {
  const colour = (name: string): string => coloursOf(element, name)
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  }
  return {
    width: Math.max(200, element.clientWidth),
    height,
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

/** light-dark() as a canvas can use it. */
function coloursOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}

type Colours = (name: string) => string

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
