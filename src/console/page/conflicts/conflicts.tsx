/** Writes that lost last-writer-wins, as they come, with both images. */
import { Heads } from '../parts/heads.tsx'
import { signal, useComputed, useSignal, useSignalEffect } from '@preact/signals'
import type { ShownConflict } from '../../console-calls.ts'
import { tableTold } from '../../model/told-commands.ts'
import { lostWrite } from '../../model/conflict-reason.ts'
import { momentText } from '../../model/figure-text.ts'
import { call, signedIn } from '../console-api.ts'
import { state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { ConflictDialog } from './conflict-dialog.tsx'

/** More are in the feeds of the regions; `longitude conflicts` shows them. */
const keptMax = 1000
const shownMax = 100

const conflicts = signal<readonly ShownConflict[]>([])
let after: Readonly<Record<string, number>> = {}

export function Conflicts() {
  return signedIn.value === true ? <Feed /> : <WantsKey />
}

function Feed() {
  const work = useDoing()
  const table = useSignal('')
  const opened = useSignal<ShownConflict | undefined>(undefined)
  const met = useComputed(() => state.value?.regions.map((region) => region.conflicts).join() ?? '')
  useSignalEffect(() => {
    if (met.value !== '') void work.look(readOn)
  })
  const tables = [...new Set(conflicts.value.map((each) => each.table))]
  const shown = conflicts.value.filter((each) => table.value === '' || each.table === table.value)
  return (
    <Panel
      title="Conflicts"
      aside={
        <div class="row">
          <label>
            Of{' '}
            <select value={table.value} onChange={(event) => (table.value = event.currentTarget.value)}>
              <option value="">every table</option>
              {tables.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <button type="button" disabled={shown.length === 0} onClick={() => save(shown)}>
            Export {shown.length} as JSON lines
          </button>
        </div>
      }
    >
      <Problem of={work} />
      <List conflicts={shown.slice(0, shownMax)} onOpen={(each) => (opened.value = each)} />
      {shown.length > shownMax ? <p class="hint">{shown.length - shownMax} older ones are in the export.</p> : null}
      {table.value === '' ? null : <ToldAs told={tableTold('conflicts', table.value)} />}
      {opened.value === undefined ? null : (
        <ConflictDialog conflict={opened.value} onClose={() => (opened.value = undefined)} />
      )}
    </Panel>
  )
}

const pagesMax = 20

/** A lost write that several regions have met is shown once. */
async function readOn(): Promise<void> {
  for (let pages = 0; pages < pagesMax; pages++) {
    const told = await call('conflicts', { after })
    const isEnd = JSON.stringify(told.next) === JSON.stringify(after)
    after = told.next
    const known = new Set(conflicts.value.map(lostWrite))
    const fresh = [...new Map(told.conflicts.map((each) => [lostWrite(each), each])).values()].filter(
      (each) => !known.has(lostWrite(each)),
    )
    if (fresh.length > 0)
      conflicts.value = [...fresh, ...conflicts.value].toSorted((a, b) => b.metMs - a.metMs).slice(0, keptMax)
    if (told.problems.length > 0 && isEnd) throw new Error(told.problems.join('; '))
    if (isEnd) return
  }
}

function List({
  conflicts: shown,
  onOpen,
}: {
  readonly conflicts: readonly ShownConflict[]
  readonly onOpen: (each: ShownConflict) => void
}) {
  if (shown.length === 0) return <p class="empty">No write has lost.</p>
  return (
    <div class="scrolls tall" tabIndex={0} role="region" aria-label="List of the conflicts">
      <table>
        <Heads of={['Key', 'Table', 'Lost', 'Won', 'Met']} />
        <tbody>
          {shown.map((each) => (
            <tr key={lostWrite(each)}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onOpen(each)}>
                  {keyOf(each)}
                </button>
              </th>
              <td>{each.table}</td>
              <td>
                {each.lost.kind} of {each.loser}, {momentText(each.lost.stamp.wallMs).slice(11, 23)}
              </td>
              <td>
                {each.won.kind} of {each.winner}, {momentText(each.won.stamp.wallMs).slice(11, 23)}
              </td>
              <td>
                in {each.metIn}, {momentText(each.metMs).slice(11, 23)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function keyOf({ key }: ShownConflict): string {
  return Object.values(key)
    .map((value) => Object.values(value).map(String).join())
    .join(' · ')
}

function save(shown: readonly ShownConflict[]): void {
  const text = shown.map((each) => `${JSON.stringify(each)}\n`).join('')
  const url = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'conflicts.ndjson'
  link.click()
  URL.revokeObjectURL(url)
}
