/** What STS needs of the program that serves it. */
import type { Identities } from '../../core/access/identities/identities.ts'
import type { IssueSession } from '../../core/auth/credentials.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { AccessMode } from '../access/authorizer.ts'

export type StsPorts = {
  /** As they are now. */
  readonly identities: () => Identities
  readonly mode: 'off' | AccessMode
  /** Undefined where the file of identities has no session key. */
  readonly issue: () => IssueSession | undefined
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'bytes'>
}
