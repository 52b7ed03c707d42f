/** What a region knows of the groups that it is in, for operators: `/admin/status` tells it, and `longitude status` and the console show it. */
import type { OrderEnd } from '../../engine/order/quorum-order.ts'
import type { GroupStatus } from '../../operations/tables/strong-tables.ts'
import type { QuorumSight } from '../../ports/quorum.ts'
import { membersOf } from './group-keys.ts'
import type { GroupMember } from './group-member.ts'

/** Why a replica cannot go on with its own store: a row is damaged, or its order says so. */
export type ReplicaEnd = OrderEnd | 'damaged'

export type KnownGroup = {
  readonly name: string
  readonly region: string
  readonly member: Pick<GroupMember, 'engine' | 'sight'> | undefined
  /** Where this region is the witness. */
  readonly copy: { sight(): QuorumSight } | undefined
  readonly end: ReplicaEnd | undefined
}

export function groupStatus(known: KnownGroup): GroupStatus {
  const { name, member, copy } = known
  const members = membersOf(name)
  const refuses = refusalOf(known)
  const tables = member?.engine.tables().filter(({ status }) => status !== 'DELETING') ?? []
  const applied = member?.sight().applied
  const seen = member?.sight() ?? copy?.sight()
  return {
    group: name,
    ...members,
    tables: tables.map((table) => table.name),
    majority: seen?.state === 'majority',
    ...(seen?.leader === undefined ? {} : { leader: seen.leader }),
    last: seen?.last ?? 0,
    ...(applied === undefined ? {} : { applied }),
    ...(refuses === undefined ? {} : { refuses }),
  }
}

function refusalOf({ name, region, member, end }: KnownGroup): string | undefined {
  const { replicas } = membersOf(name)
  if (!replicas.includes(region)) return undefined
  if (member === undefined) return 'its part of the group is not open yet'
  if (end === 'sealed otherwise') return 'its key opens no entry of the group'
  if (end === 'differs' && replicas.length < 3) return 'its rows differ from those of the other replica'
  if (end !== undefined) return 'it takes the state of another replica'
  return member.sight().state === 'minority' ? 'it reaches no majority of the group' : undefined
}
