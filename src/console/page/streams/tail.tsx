/** The records of a table's change stream as they come: a bounded number of them, and no more while it is paused. */
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { AskedOf, ToldOf } from '../../console-calls.ts'
import { shortText } from '../../model/edited-values.ts'
import { tailTold } from '../../model/told-commands.ts'
import { momentText } from '../../model/figure-text.ts'
import { type StreamRecord, withNewer } from '../../model/stream-records.ts'
import { call } from '../console-api.ts'
import { regionNames } from '../live.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { Heads } from '../parts/heads.tsx'
import { Images } from '../parts/images.tsx'
import { RegionChoice } from '../parts/region-choice.tsx'
import { TableChoice } from '../parts/table-choice.tsx'
import { ToldAs } from '../parts/told.tsx'
import { route } from '../page-route.ts'

const pollMs = 1000
const keptMax = 500
const shownMax = 100

type Told = ToldOf<'tail'>

export function Tail() {
  const [, named = ''] = route.value
  const table = useSignal(named)
  const region = useSignal(regionNames.value[0] ?? '')
  const from = useSignal<'now' | 'oldest'>('now')
  const runs = useSignal(false)
  const followed = useFollowed({ table, region, from, runs })
  const { records, seen, lost, work, begin } = followed
  return (
    <Panel title="Change stream">
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          begin()
        }}
      >
        <TableChoice of={table} />
        <label class="field">
          In
          <RegionChoice of={region} />
        </label>
        <label class="field">
          From
          <select value={from.value} onChange={(event) => (from.value = event.currentTarget.value as 'now' | 'oldest')}>
            <option value="now">now on</option>
            <option value="oldest">the oldest record</option>
          </select>
        </label>
        <button type="submit" class="primary" disabled={table.value === ''}>
          Follow
        </button>
        <button type="button" disabled={followed.place.value === undefined} onClick={() => (runs.value = !runs.value)}>
          {runs.value ? 'Pause' : 'Go on'}
        </button>
      </form>
      <Problem of={work} />
      {lost.value.map((each) => (
        <p key={each} class="problem">
          {each}
        </p>
      ))}
      <p class="hint" role="status">
        {statusOf(followed, runs.value)}
      </p>
      <Records records={records.value} seen={seen.value} />
      <ToldAs told={tailTold(table.value === '' ? 'TABLE' : table.value, region.value, from.value)} />
    </Panel>
  )
}

type Followed = ReturnType<typeof useFollowed>

function statusOf({ place, isOver, seen }: Followed, runs: boolean): string {
  if (place.value === undefined) return 'Choose a table with a stream. Records are kept for 24 hours.'
  if (isOver.value) return `The stream has been disabled and is read to its end: ${seen.value} records.`
  return runs
    ? `Following: ${seen.value} records so far.`
    : `Paused after ${seen.value} records; Go on reads what came meanwhile.`
}

type Asked = {
  readonly table: Signal<string>
  readonly region: Signal<string>
  readonly from: Signal<'now' | 'oldest'>
  readonly runs: Signal<boolean>
}

function useFollowed({ table, region, from, runs }: Asked) {
  const place = useSignal<Told['place'] | undefined>(undefined)
  const asked = useSignal<Omit<AskedOf<'tail'>, 'place'>>({ table: '', region: '', from: 'now' })
  const records = useSignal<readonly StreamRecord[]>([])
  const seen = useSignal(0)
  const lost = useSignal<readonly string[]>([])
  const isOver = useSignal(false)
  const work = useDoing()
  const readOn = (): void =>
    void work.run(async () => {
      const of = asked.value
      const at = place.value === undefined ? {} : { place: place.value }
      const told = await call('tail', { ...of, ...at })
      // Another stream was chosen meanwhile.
      if (of !== asked.value) return
      place.value = told.place
      records.value = withNewer(records.value, told.records, keptMax)
      seen.value += told.records.length
      if (told.lost.length > 0) lost.value = told.lost
      isOver.value = told.isOver
      if (told.isOver) runs.value = false
    })
  const begin = (): void => {
    asked.value = { table: table.value, region: region.value, from: from.value }
    place.value = undefined
    records.value = []
    seen.value = 0
    lost.value = []
    isOver.value = false
    runs.value = true
    readOn()
  }
  useEffect(() => {
    if (!runs.value) return undefined
    const timer = setInterval(readOn, pollMs)
    return () => clearInterval(timer)
  }, [runs.value])
  return { place, records, seen, lost, isOver, work, begin }
}

function Records({ records, seen }: { readonly records: readonly StreamRecord[]; readonly seen: number }) {
  const opened = useSignal<StreamRecord | undefined>(undefined)
  if (records.length === 0) return null
  return (
    <>
      <div class="scrolls tall" tabIndex={0} role="region" aria-label="Records">
        <table>
          <Heads of={['Key', 'Event', 'When', 'Size']} />
          <tbody>
            {records.slice(0, shownMax).map((each) => (
              <tr key={each.id}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => (opened.value = each)}>
                    {keyOf(each)}
                  </button>
                </th>
                <td>
                  <span class={`chip ${tones[each.event] ?? 'quiet'}`}>{each.event}</span>
                  {each.byTimeToLive ? ' by time to live' : ''}
                </td>
                <td>{each.atMs === undefined ? 'unknown' : momentText(each.atMs).slice(0, 19)}</td>
                <td>{each.bytes === undefined ? 'unknown' : `${each.bytes} bytes`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {seen > shownMax ? (
        <p class="hint">
          The newest {shownMax} of {seen} are shown.
        </p>
      ) : null}
      {opened.value === undefined ? null : (
        <RecordDialog record={opened.value} onClose={() => (opened.value = undefined)} />
      )}
    </>
  )
}

const tones: Readonly<Record<string, string>> = { INSERT: 'good', MODIFY: 'warn', REMOVE: 'bad' }

function RecordDialog({ record, onClose }: { readonly record: StreamRecord; readonly onClose: () => void }) {
  const { event, id, keys, before, after } = record
  return (
    <Dialog title={`${event} ${keyOf(record)}`} onClose={onClose} wide>
      <p>
        Key <code>{JSON.stringify(keys)}</code>, event <code>{id}</code>.
      </p>
      {before === undefined && after === undefined ? (
        <p class="empty">The stream’s records have no images: its view type is KEYS_ONLY.</p>
      ) : (
        <Images titles={['before', 'after']} items={[before ?? {}, after ?? {}]} />
      )}
    </Dialog>
  )
}

function keyOf({ keys }: StreamRecord): string {
  return Object.values(keys)
    .map((value) => shortText(value, 60))
    .join(' · ')
}
