/** One conflict: both images side by side, why the one won, and the other written again. */
import { RegionChoice } from '../parts/region-choice.tsx'
import { useSignal } from '@preact/signals'
import type { ShownConflict } from '../../console-calls.ts'
import { operationTold } from '../../model/told-commands.ts'
import { reasonOf } from '../../model/conflict-reason.ts'
import { regionNames, state } from '../live.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Problem, useDoing } from '../parts/doing.tsx'
import { Images } from '../parts/images.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo } from '../tables/dynamo.ts'

type Props = { readonly conflict: ShownConflict; readonly onClose: () => void }

export function ConflictDialog({ conflict, onClose }: Props) {
  const { table, key, won, lost } = conflict
  return (
    <Dialog title={`Conflict in ${table}`} onClose={onClose} wide>
      <p>
        Key <code>{JSON.stringify(key)}</code>, met in {conflict.metIn}.
      </p>
      <p>{reasonOf(won, lost)}</p>
      <Images
        titles={[`won: ${won.kind} of ${won.region}`, `lost: ${lost.kind} of ${lost.region}`]}
        items={[won.item ?? {}, lost.item ?? {}]}
      />
      <Again conflict={conflict} />
    </Dialog>
  )
}

/** As a new write, which has a later stamp than both and wins everywhere. */
function Again({ conflict: { table, key, lost } }: { readonly conflict: ShownConflict }) {
  const region = useSignal(regionNames.value.includes(lost.region) ? lost.region : (regionNames.value[0] ?? ''))
  const done = useSignal('')
  const work = useDoing()
  const operation = lost.item === null ? 'DeleteItem' : 'PutItem'
  const input = lost.item === null ? { TableName: table, Key: key } : { TableName: table, Item: lost.item }
  const endpoint = state.value?.regions.find(({ name }) => name === region.value)?.endpoint ?? ''
  const write = async (): Promise<void> => {
    await dynamo(region.value, operation, input)
    done.value = `written in ${region.value}`
  }
  return (
    <>
      <div class="row">
        <label>
          in <RegionChoice of={region} />
        </label>
        <button type="button" class="primary" disabled={work.busy.value} onClick={() => void work.run(write)}>
          Write the loser again
        </button>
        <span role="status">{done.value}</span>
      </div>
      <Problem of={work} />
      <ToldAs told={operationTold(operation, input, { region: region.value, endpoint })} />
    </>
  )
}
