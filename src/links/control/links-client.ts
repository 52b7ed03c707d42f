/**
 * Speaks to the control of links, of one process or of several that carry a part each: what is asked is asked of all, and a
 * link that two processes carry, one the way there and one the way back, is told once.
 */
import { randomUUID } from 'node:crypto'
import { ask, type Asking, NotHere } from '../../deployment/control/control-calls.ts'
import { Failure } from '../../process/failure.ts'
import { type HealRequest, linksCalls, type SetRequest } from './links-calls.ts'
import type { FaultView, LinkView } from '../links.ts'
import { selects } from './link-selection.ts'

export type { FaultView, HealRequest, LinkView, SetRequest }

export type LinksControlOptions = {
  /** Such as http://127.0.0.1:8199. */
  readonly urls: readonly string[]
  readonly token?: string | undefined
}

const answerMsMax = 5000

export class LinksControl {
  readonly #urls: readonly string[]
  readonly #token: string | undefined

  constructor({ urls, token }: LinksControlOptions) {
    this.#urls = urls
    this.#token = token
  }

  async list(): Promise<readonly LinkView[]> {
    const told = this.#urls.map(async (url) => (await ask(linksCalls.list, {}, this.#at(url))).links)
    return merged(await Promise.all(told))
  }

  /** The links that are meant, as they are now. Rejects when no process has any of them, or one cannot be told. */
  async set(request: SetRequest): Promise<readonly LinkView[]> {
    const sent = { id: randomUUID().slice(0, 8), ...request }
    return await this.#tell(sent.links, async (at) => (await ask(linksCalls.set, sent, at)).links)
  }

  /** Ends all faults, or those of an owner, or on some links. */
  async heal(request: HealRequest = {}): Promise<readonly LinkView[]> {
    return await this.#tell(request.links ?? [], async (at) => (await ask(linksCalls.heal, request, at)).links)
  }

  /** All are told even when one cannot be; a process without the links that are meant has nothing to do. */
  async #tell(
    meant: readonly string[],
    tell: (at: Asking) => Promise<readonly LinkView[]>,
  ): Promise<readonly LinkView[]> {
    const told = await Promise.allSettled(this.#urls.map(async (url) => await tell(this.#at(url))))
    const failed = told.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    const serious = failed.filter((error) => !(error instanceof NotHere))
    if (serious.length > 0 || failed.length === told.length) throw serious[0] ?? failed[0]
    const views = merged(told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
    const missed = meant.filter((text) => !views.some(selects(text) ?? (() => true)))
    if (missed.length > 0) throw new Failure(`no link ${missed.join(', ')}; the others are set`)
    return views
  }

  #at(url: string): Asking {
    return { url, token: this.#token, timeoutMs: answerMsMax, whom: `the links' control at ${url}` }
  }
}

function merged(parts: readonly (readonly LinkView[])[]): readonly LinkView[] {
  const all = new Map<string, LinkView>()
  for (const view of parts.flat()) {
    const name = `${view.from}>${view.to}`
    const other = all.get(name)
    all.set(name, other === undefined ? view : both(other, view))
  }
  return [...all.values()]
}

function both(one: LinkView, other: LinkView): LinkView {
  const port = one.port ?? other.port
  const known = new Set(one.faults.map(({ id }) => id))
  return {
    ...one,
    faults: [...one.faults, ...other.faults.filter(({ id }) => !known.has(id))],
    carriedBytes: one.carriedBytes + other.carriedBytes,
    connections: one.connections + other.connections,
    ...(port === undefined ? {} : { port }),
  }
}
