/** Compares all replicas of a table up to a moment, shows what differs, and lets the regions repair it. */
import { useSignal } from '@preact/signals'
import type { Comparison } from '../../console-calls.ts'
import type { Item } from '../../model/edited-values.ts'
import { tableTold } from '../../model/told-commands.ts'
import { durationText, momentText } from '../../model/figure-text.ts'
import { keyText } from '../../model/wanted-items.ts'
import { call } from '../console-api.ts'
import { Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import type { Shown } from './table-parts.ts'

export function Equality({ view }: Shown) {
  const found = useSignal<Comparison | undefined>(undefined)
  const repaired = useSignal('')
  const work = useDoing()
  const verify = async (): Promise<void> => {
    repaired.value = ''
    found.value = await call('verify', { table: view.name })
  }
  const repair = async (): Promise<void> => {
    const told = await call('repair', { table: view.name })
    found.value = told.after
    repaired.value = told.repaired
      .map(({ region, mended, problem }) => `${region}: ${problem ?? `${mended} mended`}`)
      .join(', ')
  }
  return (
    <>
      <div class="row">
        <button type="button" disabled={work.busy.value} onClick={() => void work.run(verify)}>
          Compare
        </button>
        <button
          type="button"
          disabled={work.busy.value || found.value?.equal !== false}
          onClick={() => void work.run(repair)}
        >
          Repair
        </button>
        <span role="status">{work.busy.value ? 'comparing …' : repaired.value}</span>
      </div>
      <Problem of={work} />
      {found.value === undefined ? null : <Result found={found.value} keys={view.keys} />}
      <ToldAs told={tableTold('verify', view.name)} />
      <ToldAs told={tableTold('repair', view.name)} />
    </>
  )
}

function Result({ found, keys }: { readonly found: Comparison; readonly keys: Shown['view']['keys'] }) {
  const { equal, watermark, watermarkAgeMs, replicas, rows, inMotion, differing, cut } = found
  const upTo = `up to ${momentText(watermark.wallMs)}, ${durationText(watermarkAgeMs)} before the comparison`
  const moving = inMotion === 0 ? '' : `; ${inMotion} written since`
  return (
    <>
      <p>
        <span class={`chip ${equal ? 'good' : 'bad'}`}>{equal ? 'equal' : 'differs'}</span> {upTo}: {rows} items in{' '}
        {replicas.join(', ')}
        {moving}
      </p>
      {equal ? null : (
        <ul>
          {differing.map(({ key, keyBytes, replicas: each }) => (
            <li key={keyBytes}>
              <strong>{key === null ? keyBytes : keyText(keys, key as Item)}</strong>:{' '}
              {Object.entries(each)
                .map(([region, { has }]) => `${region} has ${has}`)
                .join(', ')}
            </li>
          ))}
          {cut ? <li>… and perhaps more</li> : null}
        </ul>
      )}
    </>
  )
}
