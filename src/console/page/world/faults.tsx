/** Every fault that is laid on a link, with its owner and its end. */
import { healTold } from '../../model/told-commands.ts'
import { durationText, timeText } from '../../model/figure-text.ts'
import { laidFaults } from '../../model/laid-faults.ts'
import { signedIn } from '../console-api.ts'
import { state } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { heal } from './act.ts'

export function Faults() {
  const work = useDoing()
  const faults = laidFaults(state.value)
  if (faults.length === 0) return <p class="empty">No fault is laid on any link.</p>
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="List of the faults">
      <table>
        <thead>
          <tr>
            {['What', 'On', 'Owner', 'Since', 'Ends', ''].map((head) => (
              <th key={head} scope="col">
                {head === '' ? <span class="unseen">Heal</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {faults.map(({ id, what, owner, links, startedMs, endsMs }) => (
            <tr key={id}>
              <th scope="row">{what}</th>
              <td>{links.join(', ')}</td>
              <td>{owner}</td>
              <td>{timeText(startedMs)}</td>
              <td>
                {endsMs === undefined
                  ? 'when healed'
                  : `${timeText(endsMs)}, in ${durationText(Math.max(0, endsMs - (state.value?.atMs ?? 0)))}`}
              </td>
              <td>
                <button
                  type="button"
                  class="small"
                  disabled={signedIn.value !== true || work.busy.value}
                  aria-label={`Heal ${links.join(', ')}`}
                  title={healTold(links).command}
                  onClick={() => void work.run(async () => await heal(links))}
                >
                  heal
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Problem of={work} />
    </div>
  )
}
