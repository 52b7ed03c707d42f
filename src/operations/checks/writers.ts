/** Tables that are written in some regions only (`longitude writers`): a setting of Longitude's own, replicated like those of AWS. */
import { ServiceError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'

/** Throws an AccessDeniedException, which SDKs do not try again: the write belongs elsewhere. */
export function assertWriter({ name, settings: { writers } }: Table, { settings: { region } }: OperationContext): void {
  if (writers === undefined || writers.includes(region)) return
  throw new ServiceError(
    'AccessDeniedException',
    `Table ${name} is written in ${writers.join(', ')} only, and this is ${region}: send the write there, or change that by \`longitude writers\`.`,
  )
}
