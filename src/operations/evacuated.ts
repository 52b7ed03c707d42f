/** What operations have to know of an evacuation (region/evacuation.ts). The engine itself refuses clients' writes of items. */
import { ServiceError } from '../core/errors.ts'
import type { Operation } from './operation.ts'

export type Evacuated = {
  /** Whether requests that are signed for the region are served here. */
  readonly has: (region: string) => boolean
  /** Where clients write instead. */
  readonly fence: { readonly to: string } | undefined
}

/** Tables do not change either in a region that is evacuated: what it knows of them would not leave it. */
export function assertMayChange(
  { name, kind }: Pick<Operation, 'name' | 'kind'>,
  { fence }: Pick<Evacuated, 'fence'>,
): void {
  if (fence === undefined || kind !== 'control' || /^(Describe|List|Get)/.test(name)) return
  throw new ServiceError('ServiceUnavailable', `This region takes no changes of tables: ${evacuatedTo(fence.to)}.`)
}

export const evacuatedTo = (region: string): string =>
  `it is evacuated to ${region}; try again, and the front door leads there`
