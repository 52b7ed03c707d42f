/**
 * Orders to leave: which of them count, and when a region may act on one. Regions that cannot hear each other may order each other
 * to leave, also in a circle. One of them must stay.
 *
 * An order of another region goes through three registers. The region that is to leave writes into `leave/<region>` that it has heard of
 * it. From then on it serves no client, still applies what comes from its peers, and promises nothing to other regions. A region
 * that has the table, and is not to leave, answers with `keeper/<region>`. Only then does the first remove what it has.
 *
 * Why one stays: a keeper K of X has known that X leaves before K itself heard of an order to leave. So if K leaves as well, its own
 * keeper promised later than that, and the keepers of keepers cannot go round in a circle. A region at the end of such a chain
 * stays, or has been deleted by DeleteTable in that region, which needs no keeper.
 *
 * When all of them have heard of an order, none can promise. Then the order of asking decides: the last one stays and withdraws
 * its order, and promises to the others.
 */
import {
  guardRegister,
  type GuardRegister,
  keeperRegister,
  type KeeperRegister,
  type Kept,
  leaveRegister,
  type LeaveRegister,
  type Overruled,
  type Registers,
  registersUnder,
  replicaRegister,
  type ReplicaRegister,
} from './registers.ts'

/** A replica with deletion protection does not leave at another region's word, and the last replica does not. */
export function settleLeaves(registers: Registers): Kept<LeaveRegister> {
  const kept = new Map<string, LeaveRegister>()
  const overruled: Overruled[] = []
  const remaining = new Set([...membersOf(registers), ...leavingByThemselves(registers)])
  for (const [region, leave] of inOrderOfAsking(registers)) {
    const problem = leaveProblem(registers, region, { leave, remaining })
    if (problem === undefined) {
      kept.set(region, leave)
      remaining.delete(region)
    } else overruled.push({ register: leaveRegister(region), ...problem })
  }
  return { kept, overruled }
}

type NamedLeave = readonly [string, LeaveRegister]

/** A region that another has promised to stay for may be gone by now: it comes first. */
function inOrderOfAsking(registers: Registers): readonly NamedLeave[] {
  const all = registersUnder(registers, leaveRegister('')) as readonly NamedLeave[]
  const rank = (region: string): number => (hasKeeper(registers, region) ? 0 : 1)
  return all.toSorted(
    ([aRegion, a], [bRegion, b]) =>
      rank(aRegion) - rank(bRegion) || (a.askedMs ?? 0) - (b.askedMs ?? 0) || compare(aRegion, bRegion),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Also those that have gone: at the time of an earlier order to another region they had the table. */
function leavingByThemselves(registers: Registers): readonly string[] {
  const all = registersUnder(registers, leaveRegister('')) as readonly NamedLeave[]
  return all.flatMap(([region, { by }]) => (by === region ? [region] : []))
}

function membersOf(registers: Registers): readonly string[] {
  const replicas = registersUnder(registers, replicaRegister('')) as readonly (readonly [string, ReplicaRegister])[]
  return replicas.flatMap(([region, { status }]) => (status === 'CREATION_FAILED' ? [] : [region]))
}

type Asked = { readonly leave: LeaveRegister; readonly remaining: ReadonlySet<string> }

function leaveProblem(
  registers: Registers,
  region: string,
  { leave, remaining }: Asked,
): Pick<Overruled, 'by' | 'reason'> | undefined {
  // A table of its own is not deleted; and what a region asks for itself, it has checked itself.
  if (leave.keepsTable === true || leave.by === region) return undefined
  const guard = registers.get(guardRegister(region)) as GuardRegister | undefined
  if (guard?.deletionProtection === true)
    return { by: guardRegister(region), reason: 'the replica has deletion protection enabled' }
  if (leave.by !== undefined && remaining.has(region) && remaining.size === 1)
    return { by: replicaRegister(region), reason: 'every other replica has left, so this one would be the last' }
  return undefined
}

/** The region is to leave at another region's word: an older version does not say whose word it was, and leaves at once. */
export function isOrderedByAnother(region: string, { by, keepsTable }: LeaveRegister): boolean {
  return keepsTable !== true && by !== undefined && by !== region
}

export function hasKeeper(registers: Registers, region: string): boolean {
  const heard = leaveOf(registers, region)?.heard
  const keeper = registers.get(keeperRegister(region)) as KeeperRegister | undefined
  return heard !== undefined && keeper?.of === heard
}

/**
 * Whether the region must keep what it has for now, since it may come to stay. It need not when a client has deleted the table in
 * another region later: had both been asked in that order, the table would be gone as well.
 */
export function awaitsKeeper(registers: Registers, region: string): boolean {
  const leave = leaveOf(registers, region)
  if (leave === undefined || !isOrderedByAnother(region, leave) || hasKeeper(registers, region)) return false
  const deleted = leavingByThemselves(registers).map((other) => leaveOf(registers, other)?.askedMs ?? 0)
  return !deleted.some((askedMs) => askedMs >= (leave.askedMs ?? 0))
}

const leaveOf = (registers: Registers, region: string): LeaveRegister | undefined =>
  registers.get(leaveRegister(region)) as LeaveRegister | undefined

/** It has all of the table. */
export const isServed = ({ status }: ReplicaRegister): boolean => status === 'ACTIVE' || status === 'UPDATING'
