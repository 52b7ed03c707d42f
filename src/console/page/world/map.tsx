/** The map: coastlines, the regions in their places, and for every direction an arc that moves as its traffic does. */
import { useSignal } from '@preact/signals'
import { arcOf, type Arc } from '../../model/map/arcs.ts'
import { sentenceOf, toneOf, wordOf } from '../../model/direction-word.ts'
import { labelsApart, labelSide, placesOf } from '../../model/map/places.ts'
import { mapFrame, type Point } from '../../model/map/map-projection.ts'
import type { Direction, RegionView } from '../../model/console-state.ts'
import { landPath } from '../land.ts'
import { signedIn } from '../console-api.ts'
import { state } from '../live.ts'
import { Handle } from './handle.tsx'
import { chosen } from './choice.ts'

/** With more, only the arcs of one region are in full view at a time. */
const crowd = 6

export function WorldMap() {
  const { regions = [], directions = [] } = state.value ?? {}
  const places = placesOf(regions)
  const apart = labelsApart(places)
  const looked = useSignal<string | undefined>(undefined)
  const isCrowded = regions.length > crowd
  const isFaint = ({ from, to }: Direction): boolean =>
    isCrowded && (looked.value === undefined || (from !== looked.value && to !== looked.value))
  const arcs = directions.flatMap((direction) => {
    const [from, to] = [places.get(direction.from), places.get(direction.to)]
    // In a crowd what is well is seen of one region at a time; what is not is always seen.
    const isOut = isFaint(direction) && /^(live|idle)$/.test(wordOf(direction))
    return from === undefined || to === undefined || isOut
      ? []
      : [{ direction, arc: arcOf(from, to), faint: isFaint(direction) }]
  })
  return (
    <svg
      class={isCrowded ? 'map crowded' : 'map'}
      viewBox={`0 0 ${mapFrame.width} ${mapFrame.height}`}
      role="group"
      aria-label="Map of the regions"
    >
      <path class="land" d={landPath} aria-hidden="true" />
      {arcs.map((each) => (
        <ArcLine key={`${each.direction.from}>${each.direction.to}`} {...each} />
      ))}
      {arcs
        .filter(({ faint }) => !faint)
        .map(({ direction, arc }) => (
          <Handle
            key={`${direction.from}>${direction.to}`}
            direction={direction}
            arc={arc}
            able={signedIn.value === true && direction.link !== undefined}
            onOpen={() => (chosen.value = { from: direction.from, to: direction.to })}
          />
        ))}
      {regions.map((region) => {
        const at = places.get(region.name)
        return at === undefined ? null : (
          <RegionDot
            key={region.name}
            region={region}
            at={at}
            isShort={isCrowded}
            isCovered={isCrowded && !apart.has(region.name)}
            onLook={(name) => {
              if (isCrowded) looked.value = name
            }}
          />
        )
      })}
    </svg>
  )
}

type LineProps = { readonly direction: Direction; readonly arc: Arc; readonly faint: boolean }

/** Bytes a second at which an arc moves fastest. */
const fastest = 1_000_000

function ArcLine({ direction, arc, faint }: LineProps) {
  const word = wordOf(direction)
  const bytes = direction.link?.bytesPerSecond ?? 0
  // A whole pattern goes by in this time: from ten seconds down to half of one.
  const seconds = bytes === 0 ? 0 : Math.max(0.5, 10 - (9.5 * Math.log10(1 + bytes)) / Math.log10(fastest))
  return (
    <path
      class={`arc ${toneOf[word]} ${word} ${faint ? 'faint' : ''} ${seconds > 0 ? 'moves' : ''}`}
      d={arc.path}
      style={{ animationDuration: `${seconds.toFixed(1)}s` }}
      aria-hidden={true}
    >
      <title>{sentenceOf(direction)}</title>
    </path>
  )
}

type DotProps = {
  readonly region: RegionView
  readonly at: Point
  readonly isShort: boolean
  /** Its label would lie on another: it is shown while the region is pointed at. */
  readonly isCovered: boolean
  readonly onLook: (name: string | undefined) => void
}

function RegionDot({ region, at, isShort, isCovered, onLook }: DotProps) {
  const { name, city, health } = region
  const tone = health === 'ready' ? 'good' : health === 'down' ? 'bad' : 'warn'
  const { dx, dy, anchor } = labelSide(at)
  return (
    <g
      class={`region ${tone} ${isCovered ? 'covered' : ''}`}
      transform={`translate(${at.x} ${at.y})`}
      tabIndex={isShort ? 0 : undefined}
      role="img"
      aria-label={`${city}, ${name}: ${health}`}
      onPointerEnter={() => onLook(name)}
      onFocus={() => onLook(name)}
    >
      <circle class="reach" r="12" />
      <circle class="dot" r="5.5" />
      <text x={dx} y={isShort && anchor === 'middle' ? -10 : dy} text-anchor={anchor}>
        {isShort ? name : city}
      </text>
      {isShort ? null : (
        <text class="small" x={dx} y={dy + 11} text-anchor={anchor}>
          {name}
          {health === 'ready' ? '' : ` · ${health}`}
        </text>
      )}
    </g>
  )
}
