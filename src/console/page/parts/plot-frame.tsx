/** A plot by uPlot that follows the width of its place and the theme. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

export const plotHeight = 240
/** A colour of the theme, as a canvas can use it. */
export type Colours = (name: string) => string

type Props = {
  readonly label: string
  readonly data: uPlot.AlignedData
  readonly options: (width: number, colour: Colours) => uPlot.Options
}

export function PlotFrame({ label, data, options }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const shown = useRef({ data, options })
  shown.current = { data, options }
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const make = (): void => {
      plot.current?.destroy()
      const width = Math.max(200, element.clientWidth)
      const made = shown.current.options(width, (name) => colourOf(element, name))
      plot.current = new uPlot(made, shown.current.data, element)
    }
    make()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: plotHeight }))
    resized.observe(element)
    const theme = matchMedia('(prefers-color-scheme: dark)')
    theme.addEventListener('change', make)
    return () => {
      resized.disconnect()
      theme.removeEventListener('change', make)
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(data), [data])
  return <div ref={place} class="plot" role="img" aria-label={`${label}; the table below has the same`} />
}

/** A canvas does not know light-dark(). */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}

export function axisIn(colour: Colours): uPlot.Axis {
  return {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  }
}
