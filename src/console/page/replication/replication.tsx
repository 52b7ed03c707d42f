/** How the changes of each region stand with each other, now and over the last minutes. */
import { Heads } from '../parts/heads.tsx'
import { signal } from '@preact/signals'
import { evacuationText, lagText, toneOf, wordOf } from '../../model/direction-word.ts'
import { durationText, timeText } from '../../model/figure-text.ts'
import type { Direction } from '../../model/console-state.ts'
import { signedIn } from '../console-api.ts'
import { regionNames, state } from '../live.ts'
import { Panel } from '../parts/doing.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { Past } from './past.tsx'

const chosen = signal<{ readonly from: string; readonly to: string } | undefined>(undefined)
const only = signal('')
/** Of more, those that are not as they should be come first. */
const shownMax = 100

export function Replication() {
  const all = (state.value?.directions ?? []).filter(
    ({ from, to }) => only.value === '' || from === only.value || to === only.value,
  )
  const directions = all.length > shownMax ? worstFirst(all).slice(0, shownMax) : all
  const shown = chosen.value ?? directions[0]
  return (
    <>
      <Panel title="Directions" aside={<Only />}>
        <List directions={directions} shown={shown} />
        {all.length > shownMax ? (
          <p class="hint">
            {shownMax} of {all.length} are shown, those that are not live or idle first: choose a region to see its own.
          </p>
        ) : null}
        <p class="hint">
          Lag is the age of the oldest write that the receiver has not applied, as the sender counts it, looked at once
          a second; percentiles are of the last five minutes.
        </p>
      </Panel>
      {shown === undefined ? (
        <p class="empty">One region alone has nothing to replicate.</p>
      ) : (
        <Panel title={`${shown.from} to ${shown.to}, over time`}>
          {signedIn.value === true ? (
            <Past key={`${shown.from}>${shown.to}`} from={shown.from} to={shown.to} />
          ) : (
            <WantsKey />
          )}
        </Panel>
      )}
    </>
  )
}

function worstFirst(directions: readonly Direction[]): readonly Direction[] {
  const isWell = (direction: Direction): boolean => /^(live|idle)$/.test(wordOf(direction))
  return [...directions.filter((each) => !isWell(each)), ...directions.filter(isWell)]
}

function Only() {
  return (
    <label>
      Of{' '}
      <select value={only.value} onChange={(event) => (only.value = event.currentTarget.value)}>
        <option value="">every region</option>
        {regionNames.value.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
}

const heads = ['From', 'To', 'State', 'Now', 'Lag p50', 'p99', 'Most', 'Watermark', 'Evacuate', 'Past'] as const

type ListProps = {
  readonly directions: readonly Direction[]
  readonly shown: { readonly from: string; readonly to: string } | undefined
}

function List({ directions, shown }: ListProps) {
  return (
    <div class="scrolls tall" tabIndex={0} role="region" aria-label="List of the directions">
      <table>
        <Heads of={heads} />
        <tbody>
          {directions.map((direction) => (
            <Line
              key={`${direction.from}>${direction.to}`}
              direction={direction}
              isShown={shown?.from === direction.from && shown.to === direction.to}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Line({ direction, isShown }: { readonly direction: Direction; readonly isShown: boolean }) {
  const { from, to, spread, watermarkMs, safeToEvacuate, held } = direction
  const word = wordOf(direction)
  const of = (ms: number | undefined): string =>
    ms === undefined ? 'unknown' : ms === 0 ? 'all there' : durationText(ms)
  return (
    <tr aria-selected={isShown}>
      <th scope="row">{from}</th>
      <td>{to}</td>
      <td>
        <span class={`chip ${toneOf[word]}`}>{word}</span>
      </td>
      <td>
        {lagText(direction)}
        {held === undefined ? '' : `, ${held} held`}
      </td>
      <td>{of(spread?.p50)}</td>
      <td>{of(spread?.p99)}</td>
      <td>{of(spread?.max)}</td>
      <td>{watermarkMs === undefined ? 'unknown' : timeText(watermarkMs)}</td>
      <td>{evacuationText(safeToEvacuate)}</td>
      <td>
        <button
          type="button"
          class="small"
          aria-pressed={isShown}
          aria-label={`Show the past of ${from} to ${to}`}
          onClick={() => (chosen.value = { from, to })}
        >
          show
        </button>
      </td>
    </tr>
  )
}
