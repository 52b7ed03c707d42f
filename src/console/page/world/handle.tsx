/** The handle of an arc: dragged away it slows its direction, across the line it cuts it; clicked, or by Enter, it opens the dialog. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { type Arc, type Dragged, draggedTo } from '../../model/map/arcs.ts'
import { linkName, setLinksTold } from '../../model/told-commands.ts'
import { millisecondsText, roundTripText, sentenceOf, toneOf, wordOf } from '../../model/direction-word.ts'
import type { Point } from '../../model/map/map-projection.ts'
import type { Direction } from '../../model/console-state.ts'
import { said } from '../live.ts'
import { useDoing } from '../parts/doing.tsx'
import { changeOf, lay } from './act.ts'
import { lasts } from './choice.ts'

type Props = {
  readonly direction: Direction
  readonly arc: Arc
  /** Whether it may be set from here. */
  readonly able: boolean
  readonly onOpen: () => void
}

export function Handle({ direction, arc, able, onOpen }: Props) {
  const { moved, work, ...pointer } = useDrag({ direction, arc, able, onOpen })
  const word = wordOf(direction)
  const dragged = draggedTo(moved.value, arc, direction.link?.configuredMs ?? 0)
  return (
    <g
      class={`handle ${toneOf[word]} ${able ? 'able' : ''} ${work.problem.value === '' ? '' : 'failed'}`}
      transform={`translate(${arc.middle.x + moved.value.x} ${arc.middle.y + moved.value.y})`}
    >
      <g
        tabIndex={0}
        role="button"
        aria-label={sentenceOf(direction)}
        {...pointer}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return
          event.preventDefault()
          onOpen()
        }}
      >
        <circle r="12" class="reach" />
        <Mark word={word} />
        <title>{work.problem.value || sentenceOf(direction)}</title>
      </g>
      <text x={arc.outwards.x * 14} y={arc.outwards.y * 14 + 3} text-anchor={anchorOf(arc)} aria-hidden="true">
        {labelOf(direction, dragged)}
      </text>
    </g>
  )
}

/** What the pointer does: a movement that is short opens, another one sets. */
function useDrag({ direction, arc, able, onOpen }: Props) {
  const start = useRef<Point | undefined>(undefined)
  const moved = useSignal<Point>({ x: 0, y: 0 })
  const work = useDoing()
  const end = (): void => {
    start.current = undefined
    moved.value = { x: 0, y: 0 }
  }
  return {
    moved,
    work,
    onPointerDown: (event: PointerEvent): void => {
      start.current = inMap(event)
      ;(event.currentTarget as SVGGElement).setPointerCapture(event.pointerId)
    },
    onPointerMove: (event: PointerEvent): void => {
      if (start.current === undefined || !able) return
      const now = inMap(event)
      moved.value = { x: now.x - start.current.x, y: now.y - start.current.y }
    },
    onPointerUp: (): void => {
      if (start.current === undefined) return
      const asked = draggedTo(moved.value, arc, direction.link?.configuredMs ?? 0)
      end()
      if (asked.kind === 'nothing') onOpen()
      else void work.run(async () => await setTo(direction, asked))
    },
    onPointerCancel: end,
  }
}

/** A form for each state, beside its colour. */
function Mark({ word }: { readonly word: ReturnType<typeof wordOf> }) {
  if (word === 'cut' || word === 'reset' || word === 'refused') return <path class="mark" d="M-4-4L4 4M4-4L-4 4" />
  if (word === 'paused' || word === 'held') return <path class="mark" d="M-2.5-4V4M2.5-4V4" />
  if (word === 'slow' || word === 'fetching') return <path class="mark filled" d="M0-5L5 4H-5Z" />
  return word === 'unknown' ? (
    <rect class="mark" x="-3.5" y="-3.5" width="7" height="7" />
  ) : (
    <circle class="mark" r="3.5" />
  )
}

function labelOf(direction: Direction, dragged: Dragged): string {
  if (dragged.kind === 'cut') return 'cut'
  if (dragged.kind === 'slow') return millisecondsText(dragged.roundTripMs)
  const word = wordOf(direction)
  return word === 'cut' || word === 'reset' ? word : `${word} ${roundTripText(direction).set}`
}

function anchorOf({ outwards }: Arc): 'start' | 'middle' | 'end' {
  if (Math.abs(outwards.x) < 0.35) return 'middle'
  return outwards.x > 0 ? 'start' : 'end'
}

async function setTo({ from, to }: Direction, asked: Exclude<Dragged, { kind: 'nothing' }>): Promise<void> {
  const what = asked.kind === 'cut' ? { state: 'down' as const } : { rtt: `${asked.roundTripMs}ms` }
  const change = changeOf([linkName(from, to, false)], { ...what, for: lasts.value })
  await lay(change)
  said.value = setLinksTold(change).command
}

/** The pointer's place in the frame of the map. */
function inMap(event: PointerEvent): Point {
  const svg = (event.currentTarget as SVGGElement).ownerSVGElement
  const matrix = svg?.getScreenCTM()
  if (matrix === null || matrix === undefined) return { x: 0, y: 0 }
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse())
  return { x, y }
}
