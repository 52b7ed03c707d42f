/** Backups of a region, and the times that its tables can be restored to, on a line of time. */
import { RegionChoice } from '../parts/region-choice.tsx'
import { Heads } from '../parts/heads.tsx'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type BackupView, backupsIn, recoveryIn, shareOf, spanOf } from '../../model/backup-view.ts'
import { momentText } from '../../model/figure-text.ts'
import { call, signedIn } from '../console-api.ts'
import { regionNames, state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { WantsKey } from '../parts/wants-key.tsx'
import { dynamo } from '../tables/dynamo.ts'
import { CreateBackup, Restore } from './restore.tsx'

/** More are found by `aws dynamodb list-backups`. */
const tablesMax = 25

export type Recovery = { readonly table: string; readonly from: number; readonly to: number }

export function Backups() {
  return signedIn.value === true ? <Shown /> : <WantsKey />
}

function Shown() {
  const region = useSignal(regionNames.value[0] ?? '')
  const backups = useSignal<readonly BackupView[]>([])
  const recoveries = useSignal<readonly Recovery[]>([])
  const tables = useSignal<readonly string[]>([])
  const work = useDoing()
  const look = (): void =>
    void work.look(async () => {
      const at = region.value
      backups.value = backupsIn(await dynamo(at, 'ListBackups', {}))
      const all = await call('tables', {})
      tables.value = all.tables.filter(({ regions }) => regions.includes(at)).map(({ name }) => name)
      const told = await Promise.all(
        tables.value.slice(0, tablesMax).map(async (table) => ({
          table,
          window: recoveryIn(await dynamo(at, 'DescribeContinuousBackups', { TableName: table })),
        })),
      )
      recoveries.value = told.flatMap(({ table, window }) => (window === undefined ? [] : [{ table, ...window }]))
    })
  useEffect(look, [region.value])
  return (
    <>
      <Panel
        title="Line of time"
        aside={
          <div class="row">
            <label>
              In <RegionChoice of={region} />
            </label>
            <button type="button" disabled={work.busy.value} onClick={look}>
              Look again
            </button>
          </div>
        }
      >
        <Problem of={work} />
        <Line backups={backups.value} recoveries={recoveries.value} />
      </Panel>
      <Panel title="Backups">
        <List backups={backups.value} />
        <CreateBackup region={region.value} tables={tables.value} onDone={look} />
      </Panel>
      <Panel title="Restore">
        <Restore region={region.value} backups={backups.value} recoveries={recoveries.value} onDone={look} />
      </Panel>
    </>
  )
}

type LineProps = { readonly backups: readonly BackupView[]; readonly recoveries: readonly Recovery[] }

function Line({ backups, recoveries }: LineProps) {
  const names = [...new Set([...recoveries.map(({ table }) => table), ...backups.map(({ table }) => table)])]
  const nowMs = state.value?.atMs ?? 0
  const span = spanOf([...backups.map(({ atMs }) => atMs), ...recoveries.flatMap(({ from, to }) => [from, to])], nowMs)
  if (names.length === 0) return <p class="empty">No backup, and no table with point-in-time recovery.</p>
  return (
    <div
      class="timeline"
      role="img"
      aria-label="When backups were made, and what can be restored; the tables below have the same"
    >
      {names.map((name) => (
        <div key={name} class="lane">
          <span>{name}</span>
          <div>
            {recoveries
              .filter(({ table }) => table === name)
              .map(({ from, to }) => (
                <i
                  key={from}
                  class="window"
                  title={`any moment from ${momentText(from)} to ${momentText(to)}`}
                  style={{
                    left: `${shareOf(from, span)}%`,
                    width: `${Math.max(0.3, shareOf(to, span) - shareOf(from, span))}%`,
                  }}
                />
              ))}
            {backups
              .filter(({ table }) => table === name)
              .map(({ arn, atMs, name: backup }) => (
                <i
                  key={arn}
                  class="dot"
                  title={`${backup}, ${momentText(atMs)}`}
                  style={{ left: `${shareOf(atMs, span)}%` }}
                />
              ))}
          </div>
        </div>
      ))}
      <div class="lane ends">
        <span />
        <div>
          <time>{momentText(span.from).slice(0, 19)}</time>
          <time>now</time>
        </div>
      </div>
    </div>
  )
}

function List({ backups }: Pick<LineProps, 'backups'>) {
  if (backups.length === 0) return <p class="empty">No backup was made in this region.</p>
  return (
    <div class="scrolls tall" tabIndex={0} role="region" aria-label="List of the backups">
      <table>
        <Heads of={['Backup', 'Table', 'Made', 'Status', 'Size']} />
        <tbody>
          {backups.map(({ arn, name, table, atMs, status, bytes }) => (
            <tr key={arn}>
              <th scope="row">{name}</th>
              <td>{table}</td>
              <td>{momentText(atMs)}</td>
              <td>
                <span class={`chip ${status === 'AVAILABLE' ? 'good' : 'warn'}`}>{status}</span>
              </td>
              <td>{bytes === undefined ? 'unknown' : `${bytes} bytes`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
