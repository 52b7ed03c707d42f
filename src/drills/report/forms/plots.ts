/** The plots of a report: plain SVG, all over the same time, with what was broken shaded behind. */
import { type Markup, element } from './markup.ts'
import type { Report } from '../report.ts'
import { type Scale, linearScale, logarithmicScale, timeScale } from './scale.ts'
import type { PairSeries } from '../statistics.ts'
import { since } from './report-tables.ts'
import { secondsText } from '../verdict.ts'

const width = 960
const left = 64
const right = 16
const plotHeight = 120
const titleHeight = 22
const axisHeight = 22
const colours = 6

export function colourOf(report: Report, region: string): string {
  return `region-${Math.max(0, report.circumstances.regions.indexOf(region)) % colours}`
}

type Frame = { readonly report: Report; readonly time: Scale; readonly lastMs: number }

function frameOf(report: Report): Frame {
  const lastMs = report.endedMs - report.startedMs
  return { report, lastMs, time: timeScale(lastMs, [left, width - right]) }
}

type TimelineRow = {
  readonly label: string
  readonly kind: string
  readonly spans: readonly (readonly [number, number, string])[]
}

/** What was broken, when regions did not answer, and when the load was on. */
export function timelinePlot(report: Report): Markup {
  const frame = frameOf(report)
  const rows: readonly TimelineRow[] = [
    {
      label: 'load',
      kind: 'span-load',
      spans: [
        [
          report.loadStartedMs,
          report.loadEndedMs,
          `load from ${since(report, report.loadStartedMs)} to ${since(report, report.loadEndedMs)}`,
        ],
      ],
    },
    ...report.faults.map(({ what, startedMs, endedMs = report.endedMs }) => ({
      label: what,
      kind: 'span-fault',
      spans: [[startedMs, endedMs, `${what}: from ${since(report, startedMs)} to ${since(report, endedMs)}`] as const],
    })),
    {
      label: 'the drill itself stood still, for want of processors',
      kind: 'span-load',
      spans: report.stalls.map(
        ({ fromMs, toMs }) => [fromMs, toMs, `from ${since(report, fromMs)} to ${since(report, toMs)}`] as const,
      ),
    },
    ...report.circumstances.regions.map((region) => ({
      label: `${region} does not answer`,
      kind: 'span-down',
      spans: report.outages
        .filter((outage) => outage.region === region)
        .map(
          ({ fromMs, toMs = report.endedMs }) =>
            [fromMs, toMs, `${region} from ${since(report, fromMs)} to ${since(report, toMs)}`] as const,
        ),
    })),
  ]
  const drawn = rows.filter(({ spans }) => spans.length > 0)
  const rowHeight = 26
  const height = drawn.length * rowHeight
  return svg(
    'timeline',
    'What was broken, and when regions did not answer',
    height + axisHeight,
    timeGrid(frame, 0, height),
    drawn.map(({ label, kind, spans }, index) =>
      spans.map(([fromMs, toMs, title], nth) => {
        const x = frame.time.place(fromMs - report.startedMs)
        const end = frame.time.place(toMs - report.startedMs)
        const y = index * rowHeight
        return [
          element(
            'rect',
            { class: kind, x, y: y + 15, width: Math.max(2, end - x), height: 7, rx: 2 },
            element('title', {}, title),
          ),
          nth === 0 ? labelAt(label, x, y + 11) : undefined,
        ]
      }),
    ),
    timeAxis(frame, height),
  )
}

/** A label starts where its bar does, unless there is no room for it then. */
function labelAt(label: string, x: number, y: number): Markup {
  const needs = label.length * 6
  return x + needs > width - right
    ? element('text', { class: 'label', x: width - right, y, 'text-anchor': 'end' }, label)
    : element('text', { class: 'label', x, y }, label)
}

/** Requests answered and not answered, by the clients' region. */
export function availabilityPlot(report: Report, region: string): Markup {
  const frame = frameOf(report)
  const bins = report.services.find((each) => each.region === region)?.bins ?? []
  const perSecond = 1000 / report.binMs
  const scale = amounts(Math.max(...bins.map(({ served, failed }) => (served + failed) * perSecond)))
  const barWidth = Math.max(1, frame.time.place(report.binMs) - frame.time.place(0) - 0.6)
  const base = titleHeight + plotHeight
  const bars = bins.flatMap(({ atMs, served, failed }) => {
    if (served + failed === 0) return []
    const x = frame.time.place(atMs - report.startedMs)
    const top = scale.place(served * perSecond)
    const title = element('title', {}, `${since(report, atMs)}: ${served} served, ${failed} failed`)
    return [
      element(
        'rect',
        { class: `served ${colourOf(report, region)}`, x, y: top, width: barWidth, height: base - top },
        title,
      ),
      ...(failed === 0
        ? []
        : [
            element(
              'rect',
              {
                class: 'failed',
                x,
                y: scale.place((served + failed) * perSecond),
                width: barWidth,
                height: Math.max(2, top - scale.place((served + failed) * perSecond)),
              },
              title,
            ),
          ]),
    ]
  })
  return chart(
    `availability-${region.replaceAll(' ', '-')}`,
    `Clients in ${region}: requests served (bars) and failed (red, above them) each second`,
    frame,
    scale,
    String,
    bars,
  )
}

/** Median and 99th percentile of what was answered, on an axis on which each line is ten times the one below. */
export function latencyPlot(report: Report, region: string): Markup {
  const frame = frameOf(report)
  const bins = report.services.find((each) => each.region === region)?.bins ?? []
  const longest = Math.max(10, ...bins.map(({ p99Ms = 0 }) => p99Ms))
  const scale = logarithmicScale([1, longest], [titleHeight + plotHeight, titleHeight])
  const colour = colourOf(report, region)
  const lineOf = (figure: 'p50Ms' | 'p99Ms', kind: string): readonly Markup[] => {
    const points = bins.map((bin) => {
      const value = bin[figure]
      const atMs = bin.atMs + report.binMs / 2 - report.startedMs
      return value === undefined ? undefined : { x: frame.time.place(atMs), y: scale.place(value) }
    })
    return lines(points, `${kind} ${colour}`, `${region}, ${figure === 'p50Ms' ? 'median' : '99th percentile'}`)
  }
  return chart(
    `latency-${region.replaceAll(' ', '-')}`,
    `Clients in ${region}: latency, median (solid) and 99th percentile (dashed)`,
    frame,
    scale,
    millisecondsText,
    [...lineOf('p99Ms', 'line dashed'), ...lineOf('p50Ms', 'line')],
  )
}

/** From one region to each other one, in the colour of the other. */
export function pairPlot(report: Report, from: string, figure: 'pending' | 'lagMs'): Markup {
  const frame = frameOf(report)
  const own = report.pairs.filter((pair) => pair.from === from)
  const values = own.flatMap(({ points }) => points.map((point) => point?.[figure] ?? 0))
  const scale = amounts(Math.max(figure === 'pending' ? 1 : 100, ...values))
  const drawn = own.flatMap((pair) => pairLine(frame, pair, scale, figure))
  const title =
    figure === 'pending'
      ? `Changes of ${from} that others have not applied yet`
      : `Age of the oldest change of ${from} that others have not applied yet`
  const text = figure === 'pending' ? String : secondsTick
  return chart(`${figure === 'pending' ? 'pending' : 'lag'}-${from}`, title, frame, scale, text, drawn)
}

function pairLine(
  { report, time }: Frame,
  pair: PairSeries,
  scale: Scale,
  figure: 'pending' | 'lagMs',
): readonly Markup[] {
  const points = pair.points.map((point) =>
    point === null
      ? undefined
      : { x: time.place(point.atMs + report.binMs / 2 - report.startedMs), y: scale.place(point[figure]) },
  )
  return lines(points, `line ${colourOf(report, pair.to)}`, `${pair.from} to ${pair.to}`)
}

/** Broken where there is no figure; a figure alone is a dot. */
function lines(
  points: readonly ({ readonly x: number; readonly y: number } | undefined)[],
  kind: string,
  title: string,
): readonly Markup[] {
  const runs: { readonly x: number; readonly y: number }[][] = [[]]
  for (const point of points)
    if (point === undefined) runs.push([])
    else runs.at(-1)?.push(point)
  return runs
    .filter((run) => run.length > 0)
    .map((run) => {
      const [first] = run
      if (run.length === 1 && first !== undefined)
        return element(
          'circle',
          { class: `dot ${kind}`, cx: first.x, cy: first.y, r: 1.5 },
          element('title', {}, title),
        )
      const path = run.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
      return element('path', { class: kind, d: path }, element('title', {}, title))
    })
}

function amounts(most: number): Scale {
  return linearScale(Math.max(1, most), [titleHeight + plotHeight, titleHeight])
}

function chart(
  id: string,
  title: string,
  frame: Frame,
  scale: Scale,
  text: (value: number) => string,
  content: readonly Markup[],
): Markup {
  const bottom = titleHeight + plotHeight
  return svg(
    id,
    title,
    bottom + axisHeight,
    element('text', { class: 'title', x: left, y: 12 }, title),
    faultBands(frame, titleHeight, bottom),
    timeGrid(frame, titleHeight, bottom),
    scale.ticks.map((tick) => {
      const y = scale.place(tick)
      return [
        element('line', { class: 'grid', x1: left, x2: width - right, y1: y, y2: y }),
        element('text', { class: 'tick', x: left - 6, y: y + 3.5, 'text-anchor': 'end' }, text(tick)),
      ]
    }),
    content,
    timeAxis(frame, bottom),
  )
}

function faultBands({ report, time }: Frame, top: number, bottom: number): readonly Markup[] {
  return report.faults.map(({ what, startedMs, endedMs = report.endedMs }) => {
    const x = time.place(startedMs - report.startedMs)
    const end = time.place(endedMs - report.startedMs)
    return element(
      'rect',
      { class: 'band', x, y: top, width: Math.max(1, end - x), height: bottom - top },
      element('title', {}, what),
    )
  })
}

function timeGrid({ time }: Frame, top: number, bottom: number): readonly Markup[] {
  return time.ticks.map((tick) => {
    const x = time.place(tick)
    return element('line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom })
  })
}

function timeAxis({ time }: Frame, top: number): readonly Markup[] {
  return time.ticks.map((tick) =>
    element('text', { class: 'tick', x: time.place(tick), y: top + 15, 'text-anchor': 'middle' }, `${tick / 1000} s`),
  )
}

function svg(id: string, title: string, height: number, ...content: Parameters<typeof element>[2][]): Markup {
  return element(
    'svg',
    { id, class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title },
    ...content,
  )
}

function millisecondsText(value: number): string {
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`
}

function secondsTick(value: number): string {
  return value === 0 ? '0' : value < 1000 ? `${Math.round(value)} ms` : secondsText(value).replace(/\.?0+ s$/, ' s')
}
