/** Everything of a region that copies tables: each does nothing while there is nothing to copy. */
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { Archiver, type ArchiveSettings } from './archiver.ts'
import { Backups } from './backups.ts'
import { Restores } from './restores.ts'

export type { ArchiveSettings }

type ArchiveEnv = Pick<Env, 'blobs' | 'clock' | 'log' | 'meter' | 'random'>

export function archiveServices(env: ArchiveEnv, engine: Engine, settings?: ArchiveSettings): readonly Service[] {
  return [new Archiver(env, engine, settings), new Backups(env, engine), new Restores(env, engine)]
}
