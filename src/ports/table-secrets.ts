/** The data keys of tables that have a key of their own at the key service (docs/operating/encryption.md). */
import type { KeyContext } from './key-service.ts'

export type TableSecret = {
  /** The ARN of the key that its table key is wrapped with. */
  readonly key: string
  /** False: the key service did not open it, and nothing of the table can be read or written. */
  readonly isOpen: boolean
  /** Why it is not open. */
  readonly error?: unknown
}

export interface TableSecrets {
  /** By the table's number; undefined where the region's own data key encrypts it. */
  of(table: number): TableSecret | undefined
  /** Tables some of whose values may still be encrypted under another data key. */
  renewing(): readonly number[]
  /** Numbers of tables that have one, or had one. */
  tables(): readonly number[]
  /**
   * What is written of the table from now on is encrypted under a new data key, which a new table key of `key` wraps; undefined: under the region's.
   * Rejects with KeyRefusal and KeyUnavailable.
   */
  assign(table: number, key: string | undefined, context: KeyContext): Promise<void>
  /** Asks the key service to open it. Rejects with KeyRefusal and KeyUnavailable. */
  open(table: number): Promise<void>
  /** Encrypts again what an older data key has encrypted, and forgets that one. `progress` is told the values looked at. */
  renew(table: number, progress: (values: number) => void, isStopped: () => boolean): Promise<void>
  /** The table is gone. */
  forget(table: number): Promise<void>
}
