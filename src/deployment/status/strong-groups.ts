/** The groups of regions that share tables with strong consistency, put together from what their members say. */
import type { Answer, NodeStatus } from './status-shapes.ts'

export type GroupMemberStatus = {
  readonly region: string
  readonly role: 'replica' | 'witness'
  /** The region answers, and knows of the group. */
  readonly isKnown: boolean
  /** Its quorum server gives the order of the writes. */
  readonly leads: boolean
  readonly majority: boolean
  /** Entries of the order that this replica has not decided yet, as far as any member knows. */
  readonly behind?: number
  /** Why it refuses writes and strongly consistent reads now. */
  readonly refuses?: string
}

export type StrongGroupStatus = {
  readonly group: string
  readonly tables: readonly string[]
  readonly witness?: string
  /** As a member in a majority says; absent while no member is in one. */
  readonly leader?: string
  readonly members: readonly GroupMemberStatus[]
}

type Told = NodeStatus['groups'][number]

export function strongGroups(answers: readonly Pick<Answer, 'region' | 'status'>[]): readonly StrongGroupStatus[] {
  const told = new Map(answers.map(({ region, status }) => [region, status?.groups ?? []]))
  const names = [...new Set([...told.values()].flat().map(({ group }) => group))].toSorted()
  return names.map((name) => {
    const toldOf = (region: string): Told | undefined => told.get(region)?.find(({ group }) => group === name)
    const all = [...told.keys()].flatMap((region) => toldOf(region) ?? [])
    return groupOf(name, all, toldOf)
  })
}

function groupOf(group: string, all: readonly Told[], toldOf: (region: string) => Told | undefined): StrongGroupStatus {
  const { replicas = [], witness } = all[0] ?? {}
  const leader = all.find(({ majority, leader: is }) => majority && is !== undefined)?.leader
  const last = Math.max(...all.map((told) => told.last))
  const memberOf = (region: string): GroupMemberStatus => {
    const told = toldOf(region)
    return {
      region,
      role: region === witness ? 'witness' : 'replica',
      isKnown: told !== undefined,
      leads: region === leader,
      majority: told?.majority === true,
      ...(told?.applied === undefined ? {} : { behind: last - told.applied }),
      ...(told?.refuses === undefined ? {} : { refuses: told.refuses }),
    }
  }
  return {
    group,
    tables: [...new Set(all.flatMap(({ tables }) => tables))].toSorted(),
    ...(witness === undefined ? {} : { witness }),
    ...(leader === undefined ? {} : { leader }),
    members: [...replicas, ...(witness === undefined ? [] : [witness])].map(memberOf),
  }
}
