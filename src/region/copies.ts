/** What exports and imports of a region work with. */
import type { CopyJob } from '../core/copies/copy-job.ts'
import { tableArn } from '../operations/arns.ts'
import { arnOfCopy, tableNameOfCopy } from '../operations/copies/named-copy.ts'
import type { OperationContext } from '../operations/operation.ts'
import type { Buckets } from '../ports/buckets.ts'
import type { Packing } from '../ports/packing.ts'

export type CopyPorts = { readonly buckets: Buckets; readonly packing: Packing }

/** Every bucket is unknown; so nothing is packed. */
export const noBuckets: CopyPorts = {
  buckets: { bucket: () => undefined },
  packing: { md5: notPacked, gzip: notPacked, unpacker: notPacked },
}

function notPacked(): never {
  throw new Error('there are no buckets')
}

export const arnsOfCopies = (context: Pick<OperationContext, 'settings'>) => (copy: CopyJob) => ({
  exportArn: arnOfCopy(copy, context),
  tableArn: tableArn(context.settings, tableNameOfCopy(copy)),
})
