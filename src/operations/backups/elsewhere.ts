/** Backups and histories of other regions of the deployment, to restore tables from. */
import type { ArchiveQuestion, ArchiveReply } from '../../core/archive/archive-question.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { PeerAway } from '../../ports/peer-archives.ts'
import type { OperationContext } from '../operation.ts'
import type { Overrides } from './restored-table.ts'

/** Whether it is another region of the deployment. */
export const isElsewhere = (region: string, { settings }: OperationContext): boolean =>
  region !== settings.region && settings.regions.includes(region)

/** A key belongs to one region. */
export function assertOwnKey({ SSESpecificationOverride }: Overrides): void {
  if (SSESpecificationOverride === undefined)
    throw validationError('sseSpecificationOverride must be provided for cross-region restores')
}

/** Throws a ServiceError where the region does not answer. */
export async function askElsewhere<Question extends ArchiveQuestion>(
  region: string,
  question: Question,
  { archives }: OperationContext,
): Promise<ArchiveReply<Question>> {
  try {
    if (archives === undefined) throw new PeerAway(`${region} cannot be asked`)
    return await archives.ask(region, question)
  } catch (error) {
    if (!(error instanceof PeerAway)) throw error
    throw new ServiceError(
      'ServiceUnavailable',
      `What is to be restored lies in ${region}: ${error.message}. Try again once longitude status shows the link`,
    )
  }
}
