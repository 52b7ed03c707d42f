/** What IAM needs of the program that serves it. */
import type { Identities, IdentityDefinitions } from '../../core/access/identities/identities.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { AccessMode } from '../access/authorizer.ts'

/** Given the definitions as they are kept now, returns them as they are to be. */
type Edit = (definitions: IdentityDefinitions) => IdentityDefinitions

export type IamPorts = {
  /** As they are now. */
  readonly identities: () => Identities
  readonly mode: 'off' | AccessMode
  /** Resolves when the change is kept and counts. Rejects with an IdentityProblem for what does not fit together. */
  readonly change: (edit: Edit) => Promise<void>
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'bytes'>
}
