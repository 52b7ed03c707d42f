/** One of the regions that run. */
import type { Signal } from '@preact/signals'
import { regionNames } from '../live.ts'

export function RegionChoice({ of: region }: { readonly of: Signal<string> }) {
  return (
    <select value={region.value} onChange={(event) => (region.value = event.currentTarget.value)}>
      {regionNames.value.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  )
}
