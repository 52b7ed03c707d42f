/** The last notes: faults, actions, regions that come and go. */
import { timeText } from '../../model/figure-text.ts'
import { notes } from '../live.ts'

const shownMax = 50

export function Happened() {
  const shown = notes.value.slice(-shownMax).toReversed()
  if (shown.length === 0) return <p class="empty">Nothing since the console was started.</p>
  return (
    <ol class="notes" tabIndex={0} aria-label="What happened">
      {shown.map(({ atMs, kind, text }, index) => (
        <li key={`${atMs} ${index}`} class={kind}>
          <time dateTime={new Date(atMs).toISOString()}>{timeText(atMs)}</time> {text}
        </li>
      ))}
    </ol>
  )
}
