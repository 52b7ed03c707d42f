/** Fetches what peers know of the identities that regions share, every two seconds. A peer that knows the same answers with nothing. */
import { sharedBytesMax, sharedPartBytesMax } from '../../core/limits/access-limits.ts'
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
/** A peer that says what is left out here is asked less often: a later version may share more, and a clock may be ahead. */
const restMs = 10_000
/** Answers of one peer that are put together: what two regions that grew apart may know. */
const answersMax = (4 * sharedBytesMax) / sharedPartBytesMax

export function identityExchange({ env, shared, peers, ask }: IdentityExchangeDeps): Service {
  const retries = new Retries(env)
  const restsUntilMs = new Map<string, number>()
  const fetch = async (peer: string): Promise<void> => {
    if ((restsUntilMs.get(peer) ?? 0) > env.clock.monotonicMs()) return
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
    if ((await shared.take(answers)) > 0) restsUntilMs.set(peer, env.clock.monotonicMs() + restMs)
    else restsUntilMs.delete(peer)
  }
  return periodic(env.clock, {
    everyMs,
    run: async (isStopped) => {
      const known = peers()
      for (const peer of restsUntilMs.keys()) if (!known.includes(peer)) restsUntilMs.delete(peer)
      await Promise.all(
        known.map(async (peer) => {
          if (isStopped()) return
          await fetch(peer).catch((error: unknown) => {
            if (!(error instanceof PeerAway)) retries.note('identities', error, 'identities of a peer wait', { peer })
          })
        }),
      )
    },
  })
}
