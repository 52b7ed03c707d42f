/** Mappings, and how far each has come, as durable notes of the region. A shard has a note of its own, so that a batch costs a small one. */
import type { Mapping, ShardProgress, ShardRange } from '../../core/triggers/mapping.ts'
import type { Replica } from '../../engine/engine.ts'

type Notes = Pick<Replica, 'note' | 'setNote'>

export class MappingNotes {
  readonly #notes: Notes
  readonly #kind: string

  constructor(notes: Notes, kind: 'trigger' | 'kinesis') {
    this.#notes = notes
    this.#kind = kind
  }

  all(): readonly Mapping[] {
    return this.#uuids().flatMap((uuid) => (this.#notes.note(this.#nameOf(uuid)) as Mapping | undefined) ?? [])
  }

  async add(mapping: Mapping): Promise<void> {
    const uuids = [...this.#uuids().filter((uuid) => uuid !== mapping.uuid), mapping.uuid]
    await this.#notes.setNote(this.#nameOf(mapping.uuid), mapping, [[this.#listName, uuids]])
  }

  async change(mapping: Mapping): Promise<void> {
    await this.#notes.setNote(this.#nameOf(mapping.uuid), mapping)
  }

  async remove(uuid: string): Promise<void> {
    const uuids = this.#uuids().filter((each) => each !== uuid)
    const gone = (this.shards(uuid) ?? []).map(({ id }) => [this.#shardName(uuid, id), undefined] as const)
    await this.#notes.setNote(this.#nameOf(uuid), undefined, [
      [this.#listName, uuids.length === 0 ? undefined : uuids],
      [this.#shardsName(uuid), undefined],
      ...gone,
    ])
  }

  /** Shards that are being read; undefined until there are any. */
  shards(uuid: string): readonly ShardRange[] | undefined {
    return this.#notes.note(this.#shardsName(uuid)) as readonly ShardRange[] | undefined
  }

  /** `ended` are shards that are read to their end, `begun` those that follow them. */
  async setShards(uuid: string, shards: readonly ShardRange[], { begun, ended }: ShardChange): Promise<void> {
    await this.#notes.setNote(this.#shardsName(uuid), shards, [
      ...[...begun].map(([{ id }, progress]) => [this.#shardName(uuid, id), progress] as const),
      ...ended.map((id) => [this.#shardName(uuid, id), undefined] as const),
    ])
  }

  progress(uuid: string, { id }: ShardRange): ShardProgress {
    return (this.#notes.note(this.#shardName(uuid, id)) as ShardProgress | undefined) ?? { lanes: [] }
  }

  async setProgress(uuid: string, { id }: ShardRange, progress: ShardProgress): Promise<void> {
    await this.#notes.setNote(this.#shardName(uuid, id), progress)
  }

  get #listName(): string {
    return `${this.#kind}s`
  }

  #nameOf(uuid: string): string {
    return `${this.#kind}/${uuid}`
  }

  #shardsName(uuid: string): string {
    return `${this.#nameOf(uuid)}/shards`
  }

  #shardName(uuid: string, shard: string): string {
    return `${this.#nameOf(uuid)}/${shard}`
  }

  #uuids(): readonly string[] {
    return (this.#notes.note(this.#listName) as readonly string[] | undefined) ?? []
  }
}

export type Begun = ReadonlyMap<ShardRange, ShardProgress>
type ShardChange = { readonly begun: Begun; readonly ended: readonly string[] }
