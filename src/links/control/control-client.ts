/**
 * Speaks to the control of links, of one process or of several that carry a part each: what is asked is asked of all, and a
 * link that two processes carry, one the way there and one the way back, is told once.
 */
import { randomUUID } from 'node:crypto'
import { adminHeaders } from '../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import type { HealRequest, SetRequest } from './control-server.ts'
import type { FaultView, LinkView } from '../links.ts'
import { selects } from './selection.ts'

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
    return merged(await Promise.all(this.#urls.map(async (url) => await this.#ask(url, 'links'))))
  }

  /** The links that are meant, as they are now. Rejects when no process has any of them, or one cannot be told. */
  async set(request: SetRequest): Promise<readonly LinkView[]> {
    return await this.#tell('links/set', { id: randomUUID().slice(0, 8), ...request })
  }

  /** Ends all faults, or those of an owner, or on some links. */
  async heal(request: HealRequest = {}): Promise<readonly LinkView[]> {
    return await this.#tell('links/heal', request)
  }

  /** All are told even when one cannot be; a process without the links that are meant has nothing to do. */
  async #tell(path: string, body: { readonly links?: readonly string[] | undefined }): Promise<readonly LinkView[]> {
    const told = await Promise.allSettled(this.#urls.map(async (url) => await this.#ask(url, path, body)))
    const failed = told.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    const serious = failed.filter((error) => !(error instanceof Unconcerned))
    if (serious.length > 0 || failed.length === told.length) throw serious[0] ?? failed[0]
    const views = merged(told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
    const missed = (body.links ?? []).filter((text) => !views.some(selects(text) ?? (() => true)))
    if (missed.length > 0) throw new Failure(`no link ${missed.join(', ')}; the others are set`)
    return views
  }

  async #ask(url: string, path: string, body?: object): Promise<readonly LinkView[]> {
    const headers = { 'content-type': 'application/json', ...adminHeaders(this.#token) }
    const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
    let answer: Response
    let told: { readonly links?: readonly LinkView[]; readonly error?: string }
    try {
      answer = await fetch(`${url}/${path}`, { ...request, signal: AbortSignal.timeout(answerMsMax) })
      told = (await answer.json()) as typeof told
    } catch (error) {
      throw new Failure(`the links' control at ${url} does not answer: ${messageOf(error)}`)
    }
    const problem = told.error ?? `the links' control at ${url} answers ${answer.status}`
    if (answer.status === 404) throw new Unconcerned(problem)
    if (!answer.ok || told.links === undefined) throw new Failure(problem)
    return told.links
  }
}

/** Has none of the links that are meant. */
class Unconcerned extends Failure {}

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
  const door = one.door ?? other.door
  const known = new Set(one.faults.map(({ id }) => id))
  return {
    ...one,
    faults: [...one.faults, ...other.faults.filter(({ id }) => !known.has(id))],
    carriedBytes: one.carriedBytes + other.carriedBytes,
    connections: one.connections + other.connections,
    ...(door === undefined ? {} : { door }),
  }
}
