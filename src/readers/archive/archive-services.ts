/** Everything of a region that copies tables: each does nothing while there is nothing to copy. */
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'
import type { Service } from '../../ports/service.ts'
import { Archiver, type ArchiveSettings } from './archiver.ts'
import { Backups } from './backups.ts'
import { BulkPuts } from './copies/bulk-puts.ts'
import { Exports, type ExportsDeps } from './copies/exports.ts'
import { Imports } from './copies/imports.ts'
import { Restores } from './restores.ts'

export type { ArchiveSettings }

type ArchiveEnv = Pick<Env, 'blobs' | 'clock' | 'log' | 'meter' | 'random'>

export type Copying = Pick<ExportsDeps, 'buckets' | 'packing' | 'arnsOf'>

type ArchiveDeps = {
  readonly env: ArchiveEnv
  readonly engine: Engine
  readonly copying: Copying
  /** Of other regions. */
  readonly archives?: PeerArchives
}

export function archiveServices(
  { env, engine, copying, archives }: ArchiveDeps,
  settings?: ArchiveSettings,
): readonly Service[] {
  return [
    new Archiver({ env, engine, settings }),
    new Backups(env, engine),
    new Restores(env, engine, archives),
    new Exports({ env, engine, ...copying }),
    new Imports({ env, engine, ...copying }),
    new BulkPuts({ env, engine, ...copying }),
  ]
}
