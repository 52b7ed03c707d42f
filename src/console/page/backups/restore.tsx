/** A backup is made, and a table is restored: from a backup, or to a moment. */
import { useSignal } from '@preact/signals'
import type { BackupView } from '../../model/backup-view.ts'
import { operationTold } from '../../model/told-commands.ts'
import { state } from '../live.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo } from '../tables/dynamo.ts'

type CreateProps = { readonly region: string; readonly tables: readonly string[]; readonly onDone: () => void }

export function CreateBackup({ region, tables, onDone }: CreateProps) {
  const table = useSignal('')
  const name = useSignal('from-the-console')
  const work = useDoing()
  const chosen = table.value || (tables[0] ?? '')
  const input = { TableName: chosen, BackupName: name.value }
  const endpoint = state.value?.regions.find((each) => each.name === region)?.endpoint ?? ''
  const press = async (): Promise<void> => {
    await dynamo(region, 'CreateBackup', input)
    onDone()
  }
  return (
    <>
      <div class="row">
        <label>
          Back up{' '}
          <select value={chosen} onChange={(event) => (table.value = event.currentTarget.value)}>
            {tables.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          as{' '}
          <input
            value={name.value}
            maxLength={255}
            onInput={(event) => (name.value = event.currentTarget.value.trim())}
          />
        </label>
        <button
          type="button"
          class="primary"
          disabled={work.busy.value || chosen === ''}
          onClick={() => void work.run(press)}
        >
          Make a backup
        </button>
      </div>
      <Problem of={work} />
      <ToldAs told={operationTold('CreateBackup', input, { region, endpoint })} />
    </>
  )
}

type RestoreProps = {
  readonly region: string
  readonly backups: readonly BackupView[]
  readonly recoveries: readonly { readonly table: string; readonly to: number }[]
  readonly onDone: () => void
}

export function Restore({ region, backups, recoveries, onDone }: RestoreProps) {
  const source = useSignal('')
  const target = useSignal('restored')
  const moment = useSignal('')
  const work = useDoing()
  const sources = [
    ...backups.map(({ arn, name, table }) => ({ value: arn, title: `the backup ${name} of ${table}` })),
    ...recoveries.map(({ table }) => ({ value: table, title: `${table}, as of a moment` })),
  ]
  const chosen = sources.find(({ value }) => value === source.value) ?? sources[0]
  if (chosen === undefined) return <p class="empty">There is nothing to restore from.</p>
  const isMoment = recoveries.some(({ table }) => table === chosen.value)
  const operation = isMoment ? 'RestoreTableToPointInTime' : 'RestoreTableFromBackup'
  const seconds = Date.parse(`${moment.value}Z`) / 1000
  const when = Number.isFinite(seconds) ? { RestoreDateTime: seconds } : { UseLatestRestorableTime: true }
  const input = isMoment
    ? { SourceTableName: chosen.value, TargetTableName: target.value, ...when }
    : { BackupArn: chosen.value, TargetTableName: target.value }
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  const press = async (): Promise<void> => {
    await dynamo(region, operation, input)
    onDone()
  }
  return (
    <>
      <div class="fields">
        <label class="field">
          From
          <select value={chosen.value} onChange={(event) => (source.value = event.currentTarget.value)}>
            {sources.map(({ value, title }) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        {isMoment ? (
          <label class="field">
            As of (UTC; empty: the latest)
            <input
              type="datetime-local"
              step="1"
              value={moment.value}
              onInput={(event) => (moment.value = event.currentTarget.value)}
            />
          </label>
        ) : null}
        <label class="field">
          To the new table
          <input
            value={target.value}
            maxLength={255}
            onInput={(event) => (target.value = event.currentTarget.value.trim())}
          />
        </label>
      </div>
      <button type="button" class="primary" disabled={work.busy.value} onClick={() => void work.run(press)}>
        Restore
      </button>
      <Problem of={work} />
      <ToldAs told={operationTold(operation, input, { region, endpoint })} />
    </>
  )
}
