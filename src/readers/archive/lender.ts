/** Answers what other regions ask about this region's archive, to restore its tables there. */
import { unreachable } from '../../core/assert.ts'
import { savedTable } from '../../core/archive/backup.ts'
import { blobNamesMax } from '../../core/limits/archive-limits.ts'
import {
  archiveQuestionOf,
  type ArchiveQuestion,
  type ArchiveReply,
  lentBytesMax,
} from '../../core/archive/archive-question.ts'
import type { Engine } from '../../engine/engine.ts'
import { isBlobName } from '../../ports/blobs.ts'
import type { Env } from '../../ports/env.ts'
import { BlobUnusable } from '../../core/archive/sealed-blob.ts'
import { lend, readyFor } from './archived.ts'

type LenderEnv = Pick<Env, 'blobs' | 'clock'>
type LenderEngine = Pick<Engine, 'archive' | 'note' | 'setNote'>

export type LenderDeps = {
  readonly env: LenderEnv
  /** The region's own. */
  readonly engine: LenderEngine
  /** Those of all engines. */
  readonly tables: Pick<Engine, 'tableNamed' | 'size'>
  readonly ofGroup?: LentGroup | undefined
}

/** What a region may know of a group that both are in. */
type OfGroup = Extract<ArchiveQuestion, { ask: 'group key' | 'group state' }>
type LentGroup = (question: OfGroup, asker: string) => Promise<ArchiveReply<OfGroup>>

export class Lender {
  readonly #env: LenderEnv
  readonly #engine: LenderEngine
  readonly #tables: LenderDeps['tables']
  readonly #ofGroup: LentGroup
  #lending: Promise<void> = Promise.resolve()

  constructor({ env, engine, tables, ofGroup = () => Promise.resolve({}) }: LenderDeps) {
    this.#env = env
    this.#engine = engine
    this.#tables = tables
    this.#ofGroup = ofGroup
  }

  /** Rejects with RangeError for what is no question. */
  async answer(text: string, asker: string): Promise<string> {
    return JSON.stringify(await this.#replyTo(archiveQuestionOf(text), asker))
  }

  async #replyTo(question: ArchiveQuestion, asker: string): Promise<ArchiveReply<ArchiveQuestion>> {
    switch (question.ask) {
      case 'group key':
      case 'group state':
        return await this.#ofGroup(question, asker)
      case 'backup':
        return this.#backup(question.id)
      case 'recovery':
        return this.#recovery(question.table)
      case 'ready':
        return await this.#ready(question)
      case 'names':
        return {
          names: await this.#env.blobs.list(question.prefix, question.after, Math.min(question.countMax, blobNamesMax)),
        }
      case 'blob':
        return await this.#blob(question)
      default:
        return unreachable(question)
    }
  }

  #backup(id: string): ArchiveReply<{ ask: 'backup'; id: string }> {
    const backup = this.#engine.archive.backup(id)
    return backup === undefined || backup.type === 'BASE' || backup.status === 'DELETED' ? {} : { backup }
  }

  #recovery(name: string): ArchiveReply<{ ask: 'recovery'; table: string }> {
    const table = this.#tables.tableNamed(name)
    const nowMs = this.#env.clock.wallMs()
    if (table === undefined || table.status === 'CREATING') return { isThere: false, nowMs }
    const saved = savedTable(table, this.#tables.size(table))
    if (table.recovery === undefined || table.status === 'DELETING') return { isThere: true, nowMs }
    return { isThere: true, saved, of: table.id, recovery: table.recovery, nowMs }
  }

  /** The archiver publishes what is asked for, and keeps it. */
  async #ready(question: Extract<ArchiveQuestion, { ask: 'ready' }>): Promise<ArchiveReply<typeof question>> {
    const { ask: _, ...source } = question
    const lending = this.#lending.then(() => lend(this.#engine, source, this.#env.clock.wallMs()))
    this.#lending = lending.catch(() => undefined)
    await lending
    try {
      return readyFor(this.#engine, source) ?? {}
    } catch (error) {
      if (error instanceof BlobUnusable) return { lost: error.message }
      throw error
    }
  }

  async #blob(question: Extract<ArchiveQuestion, { ask: 'blob' }>): Promise<ArchiveReply<typeof question>> {
    const { name, from, to } = question
    if (!isBlobName(name)) throw new RangeError('no name of a blob')
    const bytes = await this.#env.blobs.get(name, { from, to: Math.min(to, from + lentBytesMax) })
    return bytes === undefined ? {} : { bytes: bytes.toString('base64') }
  }
}
