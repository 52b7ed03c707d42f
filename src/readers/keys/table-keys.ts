/**
 * Keeps each table under the key that its settings name: gives it a data key, encrypts again what an older one has encrypted, and looks whether the key
 * can still be used. A table whose key is lost refuses reads and writes, as on AWS, until the key is back.
 */
import { tableKeyMsMax } from '../../core/limits/key-limits.ts'
import { errorText } from '../../core/error-text.ts'
import { lostByState, ownKeyOf } from '../../core/table/own-key.ts'
import type { KeyLoss, Table } from '../../core/table/table.ts'
import type { Timing } from '../../core/table/waits.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import { KeyRefusal, type KeyService } from '../../ports/key-service.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import type { Service } from '../../ports/service.ts'
import type { TableSecrets } from '../../ports/table-secrets.ts'
import { Retries } from '../retries.ts'

export type TableKeyPorts = {
  readonly service: KeyService
  /** Absent where the store is not encrypted: then states alone follow from keys. */
  readonly secrets?: TableSecrets | undefined
  /** How often keys are looked at. */
  readonly everyMs: number
}

type Deps = TableKeyPorts & {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly engine: Engine
  readonly accountId: string
  readonly timing: Timing
}

/** What the key service says of a key: where it stands, why it cannot be used, or nothing for now. */
type Standing = { readonly arn: string } | { readonly lost: Lost } | 'unknown'
type Lost = Pick<KeyLoss, 'code' | 'message'>

export class TableKeys implements Service {
  readonly #deps: Deps
  readonly #retries: Retries
  /** When each was first seen without its key, or with it again. */
  readonly #since = new Map<string, number>()
  /** When table keys of a key were opened last. */
  readonly #opened = new Map<string, number>()
  #stopped = false
  #seen = -1
  #isLooking = false
  #looking = Promise.resolve()
  #renewing = Promise.resolve()
  #isRenewing = false
  #cancel = (): void => undefined
  #unsubscribe = (): void => undefined

  constructor(deps: Deps) {
    this.#deps = deps
    this.#retries = new Retries(deps.env)
  }

  /** Before anything reads items: a table that could not be opened says so at once. */
  async start(): Promise<void> {
    const { engine, secrets } = this.#deps
    for (const table of engine.tables()) {
      const secret = secrets?.of(table.number)
      if (secret?.isOpen === false) await this.#lose(table, lostBy(secret.error), true)
    }
    this.#unsubscribe = engine.onFlushed(() => {
      if (engine.tableChanges.count !== this.#seen) this.#look()
    })
    this.#look()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancel()
    await this.#looking
    await this.#renewing
  }

  /** One look at a time; what changes meanwhile is seen by the next. */
  #look(): void {
    if (this.#isLooking || this.#stopped) return
    const { engine, env, everyMs } = this.#deps
    this.#isLooking = true
    this.#cancel()
    this.#seen = engine.tableChanges.count
    this.#looking = this.#lookAtAll()
      .catch((error: unknown) => this.#retries.note('keys', error, 'a look at the keys of tables failed'))
      .finally(() => {
        this.#isLooking = false
        if (this.#stopped) return
        if (engine.tableChanges.count === this.#seen) this.#cancel = env.clock.after(everyMs, () => this.#look())
        else this.#look()
      })
  }

  async #lookAtAll(): Promise<void> {
    const { engine, secrets } = this.#deps
    const tables = engine.tables().filter(({ status }) => status !== 'DELETING')
    const byKey = new Map<string | undefined, Table[]>()
    for (const table of tables) {
      const key = ownKeyOf(table, engine.region.name)
      byKey.set(key, [...(byKey.get(key) ?? []), table])
    }
    let isAway = false
    for (const [key, of] of byKey) {
      if (this.#stopped) return
      const standing: Standing | undefined =
        key === undefined ? undefined : isAway ? 'unknown' : await this.#standingOf(key, of)
      isAway ||= standing === 'unknown'
      if (key !== undefined) this.#measure(key, standing)
      for (const table of of) await this.#follow(table, standing)
    }
    await this.#forgetGone(engine.tables())
    if (secrets !== undefined) this.#renewLater(secrets)
  }

  async #standingOf(key: string, tables: readonly Table[]): Promise<Standing> {
    const { service, env, secrets } = this.#deps
    try {
      const { arn, state } = await service.describe(key)
      if (state !== 'Enabled') return { lost: lostByState(arn, state) }
      const nowMs = env.clock.monotonicMs()
      const [first] = tables.filter(({ number }) => secrets?.of(number)?.key === arn)
      if (first !== undefined && nowMs - (this.#opened.get(arn) ?? -Infinity) > tableKeyMsMax) {
        await secrets?.open(first.number)
        this.#opened.set(arn, nowMs)
      }
      return { arn }
    } catch (error) {
      if (error instanceof KeyRefusal) return { lost: lostBy(error) }
      if (!(error instanceof KeyUnavailable)) throw error
      this.#retries.note('keys', error, 'a key of tables cannot be looked at', { key })
      return 'unknown'
    }
  }

  #measure(key: string, standing: Standing | undefined): void {
    const isThere = typeof standing === 'object' && 'arn' in standing
    this.#deps.env.meter.gauge('longitude_key_unreachable', isThere ? 0 : 1, { key })
  }

  /** `standing` undefined: the region's own key encrypts the table. */
  async #follow(table: Table, standing: Standing | undefined): Promise<void> {
    // What is in memory goes on, as on AWS for a while.
    if (standing === 'unknown') return
    if (standing !== undefined && 'lost' in standing) return await this.#lose(table, standing.lost)
    try {
      await this.#encrypt(table, standing?.arn)
    } catch (error) {
      if (error instanceof KeyRefusal) return await this.#lose(table, lostBy(error))
      if (!(error instanceof KeyUnavailable)) throw error
      return this.#retries.note('keys', error, 'a table waits for its key', { table: table.name })
    }
    await this.#regain(table)
  }

  async #encrypt({ number, name }: Table, arn: string | undefined): Promise<void> {
    const { secrets, accountId, env } = this.#deps
    const secret = secrets?.of(number)
    if (secret?.isOpen === false) await secrets?.open(number)
    if (secrets === undefined || secret?.key === arn) return
    // As DynamoDB says it to KMS (developer guide, encryption at rest).
    await secrets.assign(number, arn, { 'aws:dynamodb:tableName': name, 'aws:dynamodb:subscriberId': accountId })
    env.log.info('a table is encrypted under another key from now on', { table: name, key: arn ?? 'of the region' })
  }

  async #lose(table: Table, lost: Lost, isCertain = false): Promise<void> {
    const { env, timing, engine } = this.#deps
    const nowMs = env.clock.wallMs()
    const since = this.#sinceOf(`${table.id} lost`, nowMs)
    this.#since.delete(`${table.id} back`)
    const before = table.keyLoss
    if (!isCertain && before === undefined && nowMs - since < timing['key loss']) return
    const isShown = isCertain || before?.isShown === true || nowMs - since >= timing['key loss shown']
    if (before?.code === lost.code && before.message === lost.message && (before.isShown === true) === isShown) return
    const sinceMs = before?.isShown === true ? before.sinceMs : nowMs
    await engine.define(table.id, [
      { register: 'local/key-loss', value: { ...lost, sinceMs, ...(isShown ? { isShown } : {}) } },
    ])
    env.log.error('a table has lost its key: its items are not served', { table: table.name, ...lost })
  }

  async #regain(table: Table): Promise<void> {
    const { env, timing, engine } = this.#deps
    this.#since.delete(`${table.id} lost`)
    if (table.keyLoss === undefined) return
    const nowMs = env.clock.wallMs()
    if (nowMs - this.#sinceOf(`${table.id} back`, nowMs) < timing['key return']) return
    this.#since.delete(`${table.id} back`)
    await engine.define(table.id, [{ register: 'local/key-loss', value: undefined }])
    env.log.info('a table has its key again', { table: table.name })
  }

  #sinceOf(name: string, nowMs: number): number {
    const since = this.#since.get(name) ?? nowMs
    this.#since.set(name, since)
    return since
  }

  async #forgetGone(tables: readonly Table[]): Promise<void> {
    const { secrets } = this.#deps
    const numbers = new Set(tables.map(({ number }) => number))
    const ids = new Set(tables.map(({ id }) => id))
    for (const name of this.#since.keys()) if (!ids.has(name.split(' ', 1)[0] as string)) this.#since.delete(name)
    for (const number of secrets?.tables() ?? []) if (!numbers.has(number)) await secrets?.forget(number)
  }

  /** A table after the other, in the background. */
  #renewLater(secrets: TableSecrets): void {
    if (this.#isRenewing) return
    const { engine, env } = this.#deps
    const open = engine.tables().filter(({ number }) => secrets.of(number)?.isOpen !== false)
    const due = open.filter(({ number }) => secrets.renewing().includes(number))
    if (due.length === 0) return
    this.#isRenewing = true
    const renewAll = async (): Promise<void> => {
      for (const { number, name } of due) {
        if (this.#stopped) return
        let count = 0
        const progress = (values: number): void => {
          count += values
          env.meter.count('longitude_encrypted_again_total', { table: name }, values)
        }
        await secrets.renew(number, progress, () => this.#stopped)
        if (!this.#stopped) env.log.info('a table is encrypted again as a whole', { table: name, values: count })
      }
    }
    this.#renewing = renewAll()
      .catch((error: unknown) => this.#retries.note('keys', error, 'encrypting a table again waits'))
      .finally(() => void (this.#isRenewing = false))
  }
}

function lostBy(error: unknown): Lost {
  if (error instanceof KeyRefusal) return { code: error.code, message: error.message }
  return { code: 'KMSInternalException', message: errorText(error) }
}
