/** The regions in a list. */
import { Heads } from '../parts/heads.tsx'
import { evacuationText } from '../../model/direction-word.ts'
import { state } from '../live.ts'

export function Regions() {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="List of the regions">
      <table>
        <Heads of={['Region', 'City', 'Health', 'Tables', 'Conflicts met', 'Evacuate', 'Endpoint', 'Notices']} />
        <tbody>
          {(state.value?.regions ?? []).map((region) => (
            <tr key={region.name}>
              <th scope="row">{region.name}</th>
              <td>{region.city}</td>
              <td>
                <span class={`chip ${region.health === 'ready' ? 'good' : region.health === 'down' ? 'bad' : 'warn'}`}>
                  {region.health}
                </span>
              </td>
              <td>{region.tables ?? 'unknown'}</td>
              <td>{region.conflicts}</td>
              <td>{evacuationText(region.safeToEvacuate)}</td>
              <td>
                <code>{region.endpoint}</code>
              </td>
              <td>
                {[...(region.problem === undefined ? [] : [region.problem]), ...region.notices].join('; ') || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
