/** The replicas of a table with their joining, and how its changes stand between them. */
import { Heads } from '../parts/heads.tsx'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ToldOf } from '../../console-calls.ts'
import { operationTold, pauseTold, resumeTold } from '../../model/told-commands.ts'
import { evacuationText } from '../../model/direction-word.ts'
import { durationText, timeText } from '../../model/figure-text.ts'
import { call } from '../console-api.ts'
import { regionNames, state } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { replicaInput } from './create-table.tsx'
import { dynamo, hasReplica, untilTable } from './dynamo.ts'
import { Group } from './group.tsx'
import type { Shown } from './table-parts.ts'

export function Replicas({ view, region, look }: Shown) {
  const others = regionNames.value.filter(
    (name) => name !== region && !view.replicas.some((each) => each.region === name),
  )
  const adding = useSignal('')
  const work = useDoing()
  const chosen = others.includes(adding.value) ? adding.value : (others[0] ?? '')
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  const add = (): void =>
    void work.run(async () => {
      await dynamo(region, 'UpdateTable', replicaInput(view.name, chosen))
      look()
      await untilTable(region, view.name, hasReplica(chosen))
      look()
    })
  return (
    <>
      {view.replicas.length === 0 ? (
        <p class="empty">The table is in {region} alone.</p>
      ) : (
        <List {...{ view, region, look }} />
      )}
      {chosen === '' ? null : (
        <>
          <div class="row">
            <label>
              Add a replica in{' '}
              <select value={chosen} onChange={(event) => (adding.value = event.currentTarget.value)}>
                {others.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <button type="button" class="primary" disabled={work.busy.value} onClick={add}>
              {work.busy.value ? 'it joins …' : 'Add'}
            </button>
          </div>
          <ToldAs told={operationTold('UpdateTable', replicaInput(view.name, chosen), { region, endpoint })} />
        </>
      )}
      <Problem of={work} />
      <Group table={view.name} />
      <Flow table={view.name} />
    </>
  )
}

function List({ view, region, look }: Shown) {
  const work = useDoing()
  const remove = (from: string): void =>
    void work.run(async () => {
      const input = { TableName: view.name, ReplicaUpdates: [{ Delete: { RegionName: from } }] }
      await dynamo(region, 'UpdateTable', input)
      look()
    })
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="List of the replicas">
      <table>
        <thead>
          <tr>
            <th scope="col">Region</th>
            <th scope="col">Status</th>
            <th scope="col">
              <span class="unseen">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{region}</th>
            <td>
              <span class="chip good">{view.status}</span>
            </td>
            <td>asked here</td>
          </tr>
          {view.replicas.map(({ region: name, status }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <span class={`chip ${status === 'ACTIVE' ? 'good' : 'warn'}`}>{status}</span>
              </td>
              <td>
                <button
                  type="button"
                  class="small"
                  disabled={work.busy.value}
                  aria-label={`Remove the replica in ${name}`}
                  onClick={() => remove(name)}
                >
                  remove
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

const everyMs = 1000

function Flow({ table }: { readonly table: string }) {
  const told = useSignal<ToldOf<'tableFlow'>['directions']>([])
  const work = useDoing()
  useEffect(() => {
    const look = (): void =>
      void work.look(async () => void (told.value = (await call('tableFlow', { table })).directions))
    look()
    const timer = setInterval(look, everyMs)
    return () => clearInterval(timer)
  }, [table])
  const isPaused = told.value.some(({ pausedUntilMs }) => pausedUntilMs !== undefined)
  if (told.value.length === 0) return null
  return (
    <>
      <h3>Changes between the replicas</h3>
      <div class="scrolls" tabIndex={0} role="region" aria-label="Changes between the replicas">
        <table>
          <Heads of={['From', 'To', 'Pending', 'Oldest', 'Arrived in, last minute', 'Watermark', 'Evacuate']} />
          <tbody>
            {told.value.map(({ from, to, pending, lagMs, averageMs, watermarkMs, safeToEvacuate, pausedUntilMs }) => (
              <tr key={`${from}>${to}`}>
                <th scope="row">{from}</th>
                <td>{to}</td>
                <td>{pending === 0 ? 'all there' : pending}</td>
                <td>{pending === 0 ? '–' : durationText(lagMs)}</td>
                <td>{averageMs === undefined ? 'nothing came' : durationText(averageMs)}</td>
                <td>{watermarkMs === undefined ? 'unknown' : timeText(watermarkMs)}</td>
                <td>
                  {evacuationText(safeToEvacuate)}
                  {pausedUntilMs === undefined ? '' : `; paused until ${timeText(pausedUntilMs)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pause table={table} isPaused={isPaused} />
    </>
  )
}

const pauseMs = 300_000

function Pause({ table, isPaused }: { readonly table: string; readonly isPaused: boolean }) {
  const work = useDoing()
  const press = async (): Promise<void> => {
    await (isPaused ? call('resume', { table }) : call('pause', { table, forMs: pauseMs }))
  }
  return (
    <>
      <button type="button" disabled={work.busy.value} onClick={() => void work.run(press)}>
        {isPaused ? 'Resume its replication' : 'Pause its replication for 5 minutes'}
      </button>
      <Problem of={work} />
      <ToldAs told={isPaused ? resumeTold({ table }) : pauseTold({ table }, '5m')} />
    </>
  )
}
