/** The same data as the map: a row for each sender, a column for each receiver. */
import { lagText, roundTripText, shapeText, toneOf, wordOf } from '../../model/direction-word.ts'
import type { Direction } from '../../model/console-state.ts'
import { directionOf, regionNames } from '../live.ts'
import { chosen } from './choice.ts'

/** With more regions each cell has two lines instead of four. */
const crowd = 8

export function Matrix() {
  const names = regionNames.value
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Matrix of the links">
      <table class="matrix">
        <caption class="unseen">State, round trip and lag from each region (rows) to each other (columns)</caption>
        <thead>
          <tr>
            <th scope="col">from ↓ to →</th>
            {names.map((to) => (
              <th key={to} scope="col">
                {to}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((from) => (
            <tr key={from}>
              <th scope="row">{from}</th>
              {names.map((to) => (
                <Cell key={to} direction={directionOf(from, to)} isShort={names.length > crowd} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cell({ direction, isShort }: { readonly direction: Direction | undefined; readonly isShort: boolean }) {
  if (direction === undefined) return <td class="none">–</td>
  const { from, to } = direction
  const word = wordOf(direction)
  const { set, seen } = roundTripText(direction)
  const shape = shapeText(direction)
  return (
    <td>
      <button
        type="button"
        class={`cell ${toneOf[word]}`}
        data-direction={`${from}>${to}`}
        onClick={() => (chosen.value = { from, to })}
      >
        <span class="unseen">
          {from} to {to}:{' '}
        </span>
        <strong>{word}</strong>
        {isShort ? (
          <span>{set}</span>
        ) : (
          <>
            <span>
              set {set}
              {shape === '' ? '' : `, ${shape}`}
            </span>
            <span>seen {seen}</span>
            <span>{lagText(direction)}</span>
          </>
        )}
      </button>
    </td>
  )
}
