/**
 * The audit log: one JSON object a line, in a file of the node's own (0600) that is followed by another one when it is large. What cannot be written in
 * time is counted and said, and never stops a request.
 */
import { appendFile, chmod, rename, rm, stat } from 'node:fs/promises'
import { auditBufferBytesMax, auditFileBytesMax, auditFilesMax } from '../core/limits/access-limits.ts'
import type { Audit, AuditEntry } from '../ports/audit.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { messageOf } from '../process/failure.ts'
import type { Lifecycle } from '../region/lifecycle.ts'

export type AuditFileOptions = {
  readonly path: string
  readonly region: string
  /** Also of reading and writing items. */
  readonly data: boolean
  readonly clock: Pick<Clock, 'wallMs'>
  readonly log: Log
  readonly fileBytesMax?: number
}

type Opening = {
  readonly auditLog?: string | undefined
  readonly auditData?: boolean
  readonly self: { readonly name: string }
  readonly log: Log
}

/** It ends after the server: what is answered until then is in it. Undefined where none is asked for. */
export function openAudit(
  { auditLog: path, auditData: data = false, self, log }: Opening,
  clock: Pick<Clock, 'wallMs'>,
  life: Lifecycle,
): Audit | undefined {
  if (path === undefined) return undefined
  const audit = new AuditFile({ path, region: self.name, data, clock, log })
  life.add(() => audit.stop())
  return audit
}

const flushMs = 200

export class AuditFile implements Audit {
  readonly data: boolean
  readonly #options: AuditFileOptions
  readonly #timer: NodeJS.Timeout
  #lines: string[] = []
  #bytes = 0
  #lost = 0
  #failed = false
  #flushing: Promise<void> = Promise.resolve()

  constructor(options: AuditFileOptions) {
    this.#options = options
    this.data = options.data
    this.#timer = setInterval(() => void this.flush(), flushMs).unref()
  }

  write(entry: AuditEntry): void {
    const { region, clock } = this.#options
    const line = `${JSON.stringify({ time: new Date(clock.wallMs()).toISOString(), region, ...entry })}\n`
    if (this.#bytes + line.length > auditBufferBytesMax) {
      this.#lost++
      return
    }
    this.#lines.push(line)
    this.#bytes += line.length
  }

  /** Resolves when everything until now is in the file, or could not be written. */
  flush(): Promise<void> {
    this.#flushing = this.#flushOnce(this.#flushing)
    return this.#flushing
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #flushOnce(before: Promise<void>): Promise<void> {
    await before
    if (this.#lines.length === 0 && this.#lost === 0) return
    const { path, log } = this.#options
    const lost = this.#lost === 0 ? [] : [`${JSON.stringify({ lost: this.#lost })}\n`]
    const text = [...this.#lines, ...lost].join('')
    const kept = this.#lines.length
    this.#lines = []
    this.#bytes = 0
    this.#lost = 0
    try {
      await this.#rotate()
      await appendFile(path, text, { mode: 0o600 })
      this.#failed = false
    } catch (error) {
      this.#lost += kept
      if (!this.#failed) log.error('the audit log cannot be written', { path, reason: messageOf(error) })
      this.#failed = true
    }
  }

  async #rotate(): Promise<void> {
    const { path, fileBytesMax = auditFileBytesMax } = this.#options
    const size = await stat(path).then(
      ({ size: bytes }) => bytes,
      () => 0,
    )
    if (size < fileBytesMax) return
    await rm(`${path}.${auditFilesMax - 1}`, { force: true })
    for (let n = auditFilesMax - 2; n >= 1; n--) await rename(`${path}.${n}`, `${path}.${n + 1}`).catch(() => undefined)
    await rename(path, `${path}.1`)
    await chmod(`${path}.1`, 0o600)
  }
}
