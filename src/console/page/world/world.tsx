/** The regions, and what is between them: as a map, as a matrix of the same data, and as a list of the faults that are laid. */
import { Panel } from '../parts/doing.tsx'
import { state } from '../live.ts'
import { chosen, durations, lasts } from './choice.ts'
import { Faults } from './faults.tsx'
import { Happened } from './happened.tsx'
import { LinkDialog } from './link-dialog.tsx'
import { WorldMap } from './map.tsx'
import { Matrix } from './matrix.tsx'
import { Regions } from './regions.tsx'

export function World() {
  const { linksProblem } = state.value ?? {}
  return (
    <>
      {linksProblem === undefined ? null : (
        <p class="problem" role="alert">
          The links are not controlled from here: {linksProblem}
        </p>
      )}
      <Panel title="Map" aside={<Lasts />}>
        <WorldMap />
        <p class="hint">
          Drag a handle away from the line to slow its direction, across the line to cut it; or click it, or a cell of
          the matrix.
        </p>
      </Panel>
      <Panel title="Matrix">
        <Matrix />
      </Panel>
      <Panel title="Regions">
        <Regions />
      </Panel>
      <Panel title="Faults">
        <Faults />
      </Panel>
      <Panel title="What happened">
        <Happened />
      </Panel>
      {chosen.value === undefined ? null : <LinkDialog {...chosen.value} onClose={() => (chosen.value = undefined)} />}
    </>
  )
}

function Lasts() {
  return (
    <label>
      Faults last{' '}
      <select value={lasts.value} onChange={(event) => (lasts.value = event.currentTarget.value)}>
        {durations.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}
