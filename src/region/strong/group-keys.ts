/**
 * The keys that seal what a group's regions say to each other through its stream, so that a witness reads nothing. The group's first replica makes
 * it, unless another has one, and gives it to the others by the sessions between regions. It is in no register, since those travel to every region.
 */
import type { ArchiveReply } from '../../core/archive/archive-question.ts'
import type { StrongGroup } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'
import type { Random } from '../../ports/random.ts'

type KeyDeps = {
  readonly engine: Pick<Engine, 'note' | 'setNote' | 'region'>
  readonly random: Pick<Random, 'bytes'>
  readonly peers: () => PeerArchives
}

const keySizeBytes = 32

export class GroupKeys {
  readonly #deps: KeyDeps
  readonly #making = new Map<string, Promise<Buffer>>()

  constructor(deps: KeyDeps) {
    this.#deps = deps
  }

  /** Rejects when it can be neither learned nor made now. */
  async of(group: string): Promise<Buffer> {
    const kept = this.#kept(group)
    if (kept !== undefined) return kept
    const making = this.#making.get(group) ?? this.#learnOrMake(group).finally(() => this.#making.delete(group))
    this.#making.set(group, making)
    return await making
  }

  /** What another region is told that asks for it; nothing where one of the two is no replica, or where it is not made yet. */
  async lend(group: string, asker: string): Promise<ArchiveReply<{ ask: 'group key'; group: string }>> {
    const { replicas } = membersOf(group)
    const self = this.#deps.engine.region.name
    if (asker === self || ![asker, self].every((region) => replicas.includes(region))) return {}
    const key = this.#kept(group) ?? (replicas[0] === self ? await this.of(group) : undefined)
    return key === undefined ? {} : { key: key.toString('base64') }
  }

  #kept(group: string): Buffer | undefined {
    const kept = this.#deps.engine.note(noteOf(group))
    return typeof kept === 'string' ? Buffer.from(kept, 'base64') : undefined
  }

  async #learnOrMake(group: string): Promise<Buffer> {
    const { engine, random, peers } = this.#deps
    const { replicas } = membersOf(group)
    const others = replicas.filter((region) => region !== engine.region.name)
    const replies = await Promise.allSettled(others.map((region) => peers().ask(region, { ask: 'group key', group })))
    const told = replies.flatMap((reply) => (reply.status === 'fulfilled' ? (reply.value.key ?? []) : []))[0]
    const isMaker = replicas[0] === engine.region.name && replies.every(({ status }) => status === 'fulfilled')
    if (told === undefined && !isMaker) throw new Error(`no replica of the group ${group} has told its key yet`)
    const key = told === undefined ? random.bytes(keySizeBytes) : Buffer.from(told, 'base64')
    await engine.setNote(noteOf(group), key.toString('base64'))
    return key
  }
}

const noteOf = (group: string): string => `strong/key/${group}`

/** As its name says them (operations/tables/updates/strong-updates.ts). */
export function membersOf(group: string): Pick<StrongGroup, 'replicas' | 'witness'> {
  const names = group.split('_')
  const at = names.indexOf('w')
  const witness = at < 0 ? undefined : names[at + 1]
  return { replicas: at < 0 ? names : names.slice(0, at), ...(witness === undefined ? {} : { witness }) }
}

export const isReplicaOf = (group: string, region: string): boolean => membersOf(group).replicas.includes(region)
