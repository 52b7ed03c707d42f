/** The backups that the region remembers, as they are durable. */
import type { Backup } from '../../core/archive/backup.ts'
import type { Store } from '../../ports/store.ts'
import type { Group, Groups } from '../commands/group.ts'
import { allBackups, backupKey } from '../store/keys.ts'

export class BackupBook {
  readonly #groups: Groups
  #durable = new Map<string, Backup>()
  #listed: readonly Backup[] | undefined

  constructor(groups: Groups) {
    this.#groups = groups
  }

  load(store: Pick<Store, 'entries'>): void {
    const backups = [...store.entries(allBackups)].map(({ value }) => JSON.parse(value.toString()) as Backup)
    this.#durable = new Map(backups.map((backup) => [backup.id, backup]))
    this.#listed = undefined
  }

  all(): readonly Backup[] {
    this.#listed ??= [...this.#durable.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return this.#listed
  }

  withId(id: string): Backup | undefined {
    return this.#durable.get(id)
  }

  put(group: Group, id: string, backup: Backup | undefined): void {
    this.#groups.put(group, backupKey(id), backup === undefined ? undefined : Buffer.from(JSON.stringify(backup)))
    group.effects.push(() => {
      this.#listed = undefined
      if (backup === undefined) this.#durable.delete(id)
      else this.#durable.set(id, backup)
    })
  }
}
