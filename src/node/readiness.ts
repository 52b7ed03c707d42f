/** What `/ready` says of a region. */
import type { DamageNotice } from './store/own-engine.ts'
import type { Readiness } from '../http/routes.ts'
import type { Evacuation } from '../region/evacuation.ts'
import type { Replication } from '../readers/replication/renewing.ts'

type Impairments = {
  readonly damage: DamageNotice | undefined
  readonly replication: Pick<Replication, 'stream' | 'unverifiedBy'>
  readonly evacuation: Pick<Evacuation, 'fence' | 'standsInFor'>
}

/**
 * A region that was damaged is ready all the same: it serves what is proved, and says what is missing. So is one whose NATS server refuses
 * its stream: reads and writes are local, and the log keeps what the peers lack. And so is one that reaches no peer after its start: it serves
 * its store, and says which peers have not compared that with what they know.
 */
export function readinessOf(
  region: string,
  reason: string | undefined,
  { damage, replication, evacuation: { fence, standsInFor } }: Impairments,
): Readiness {
  const { stream, unverifiedBy } = replication
  return {
    ready: reason === undefined,
    region,
    ...(reason === undefined ? {} : { reason }),
    ...(damage === undefined ? {} : { damage }),
    ...(stream === undefined ? {} : { degraded: stream }),
    ...(fence === undefined ? {} : { evacuatedTo: fence.to }),
    // The front door leads their requests here.
    ...(standsInFor.length === 0 ? {} : { standsInFor: standsInFor.map((each) => each.region) }),
    ...(unverifiedBy.length === 0 ? {} : { unverifiedBy }),
  }
}
