/** Fetches what peers know of the identities that regions share, every two seconds. A peer that knows the same answers with nothing. */
import { sharedBytesMax, sharedPartBytesMax } from '../../core/access-limits.ts'
import type { Env } from '../../ports/env.ts'
import { PeerAway } from '../../ports/peer-archives.ts'
import type { Service } from '../../ports/service.ts'
import type { SharedAnswer, SharedIdentities } from '../../ports/shared-identities.ts'
import { periodic } from '../periodic.ts'
import { Retries } from '../retries.ts'

export type IdentityExchangeDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly shared: SharedIdentities
  readonly peers: () => readonly string[]
  /** Rejects with PeerAway where the peer does not answer. */
  readonly ask: (peer: string, question: string) => Promise<string>
}

const everyMs = 2000
/** Answers of one peer that are put together: what two regions that grew apart may know. */
const answersMax = (4 * sharedBytesMax) / sharedPartBytesMax

export function identityExchange({ env, shared, peers, ask }: IdentityExchangeDeps): Service {
  const retries = new Retries(env)
  const fetch = async (peer: string): Promise<void> => {
    const answers: SharedAnswer[] = []
    for (let after: string | undefined; answers.length < answersMax;) {
      const question = shared.question(after)
      if (question === undefined) return
      const answer = shared.read(await ask(peer, question))
      answers.push(answer)
      if (answer.after === undefined) break
      after = answer.after
    }
    // All of it together: a user must not be there without the policy that denies.
    await shared.take(answers)
  }
  return periodic(env.clock, {
    everyMs,
    run: async (isStopped) => {
      await Promise.all(
        peers().map(async (peer) => {
          if (isStopped()) return
          await fetch(peer).catch((error: unknown) => {
            if (!(error instanceof PeerAway)) retries.note('identities', error, 'identities of a peer wait', { peer })
          })
        }),
      )
    },
  })
}
