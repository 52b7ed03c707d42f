/**
 * Which regions are healthy: each is asked every second whether it is ready to serve. One that says no, or that nobody
 * listens for, is not healthy at once; one that does not answer, after the second time. It is gone, for requests that wait for it, when
 * nobody listens for it, or when nothing at all has come from it for some more times: a process that is busy answers late.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { codeOf } from '../process/failure.ts'
import { SecureAgent } from '../process/requests/trust.ts'

export type HealthOptions = {
  readonly endpoints: Readonly<Record<string, string>>
  /** Told with every change after the first answer. */
  readonly onChange: (region: string, healthy: boolean) => void
  /** Whoever waits for an answer of the region waits in vain. */
  readonly onGone: (region: string) => void
  readonly everyMs?: number
  /** How long a region may take to answer. */
  readonly answerMsMax?: number
  /** After so many questions without a word it is gone; half a minute unless given. */
  readonly silentGoneMax?: number
}

type Answer = 'ready' | 'not ready' | 'refused' | 'silent'

const usualAnswerMsMax = 2000
/** Of what a region says when it is asked whether it is ready. */
const readyBytesMax = 64 * 1024
const silentMax = 2
/** Half a minute. */
const usualSilentGoneMax = 15

export class Health {
  readonly #options: HealthOptions
  /** Until the first answer a region is taken to be healthy. */
  readonly #ill = new Set<string>()
  readonly #known = new Set<string>()
  readonly #silent = new Map<string, number>()
  readonly #asked = new Set<string>()
  /** By region: those that it stands in for, as it said last. */
  readonly #standsInFor = new Map<string, readonly string[]>()
  readonly #timers: NodeJS.Timeout[]

  constructor(options: HealthOptions) {
    this.#options = options
    const regions = Object.keys(options.endpoints)
    for (const region of regions) void this.#look(region)
    this.#timers = regions.map((region) => setInterval(() => void this.#look(region), options.everyMs ?? 1000).unref())
  }

  isHealthy(region: string): boolean {
    return !this.#ill.has(region)
  }

  /** The region that says that it stands in for this one. */
  standInOf(region: string): string | undefined {
    if (this.#standsInFor.size === 0) return undefined
    for (const [name, standsInFor] of this.#standsInFor) if (standsInFor.includes(region)) return name
    return undefined
  }

  /** Evacuated regions, with those that stand in for them. */
  get leads(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#standsInFor].flatMap(([to, regions]) => regions.map((region) => [region, to])))
  }

  /** It has answered a request: however late it says that it is ready, somebody is there. */
  heard(region: string): void {
    this.#silent.delete(region)
  }

  /** A request found nobody there. */
  refused(region: string): void {
    this.#note(region, 'refused')
  }

  get states(): Readonly<Record<string, 'healthy' | 'unhealthy'>> {
    return Object.fromEntries(
      Object.keys(this.#options.endpoints).map((name) => [name, this.isHealthy(name) ? 'healthy' : 'unhealthy']),
    )
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #look(region: string): Promise<void> {
    const endpoint = this.#options.endpoints[region]
    // One question at a time: two that overlap would count the same silence twice.
    if (endpoint === undefined || this.#asked.has(region)) return
    this.#asked.add(region)
    const answerMsMax = this.#options.answerMsMax ?? usualAnswerMsMax
    const answer = await answerOf(`${endpoint}/ready`, answerMsMax, (text) => this.#hear(region, text))
    this.#asked.delete(region)
    this.#note(region, answer)
  }

  #hear(region: string, text: string): void {
    const standsInFor = standsInForIn(text).filter((name) => Object.hasOwn(this.#options.endpoints, name))
    if (standsInFor.length === 0) this.#standsInFor.delete(region)
    else this.#standsInFor.set(region, standsInFor)
  }

  #note(region: string, answer: Answer): void {
    const silent = answer === 'silent' ? (this.#silent.get(region) ?? 0) + 1 : 0
    this.#silent.set(region, silent)
    if (answer === 'refused' || silent === (this.#options.silentGoneMax ?? usualSilentGoneMax))
      this.#options.onGone(region)
    const healthy = answer === 'ready' || (silent > 0 && silent < silentMax && this.isHealthy(region))
    const first = !this.#known.has(region)
    this.#known.add(region)
    if (healthy === this.isHealthy(region)) return
    if (healthy) this.#ill.delete(region)
    else this.#ill.add(region)
    if (!first) this.#options.onChange(region, healthy)
  }
}

/** Nobody is there; any other error says that somebody is, and has no room or no time. */
const nobodyThere: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'])

/** None of what is no answer of a region. */
function standsInForIn(text: string): readonly string[] {
  try {
    const { standsInFor } = JSON.parse(text) as { readonly standsInFor?: unknown }
    return Array.isArray(standsInFor) ? standsInFor.filter((name) => typeof name === 'string') : []
  } catch {
    return []
  }
}

/** `told` receives what the answer says, once that is whole. */
async function answerOf(url: string, answerMsMax: number, told: (text: string) => void): Promise<Answer> {
  return await new Promise((resolve) => {
    const isSecure = url.startsWith('https:')
    const agent = isSecure ? new SecureAgent({ keepAlive: false }) : false
    const asking = (isSecure ? httpsRequest : httpRequest)(
      url,
      { agent, headers: { connection: 'close' } },
      (response) => {
        const received: Buffer[] = []
        let sizeBytes = 0
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length
          if (sizeBytes <= readyBytesMax) received.push(chunk)
        })
        response.on('end', () => told(Buffer.concat(received).toString()))
        response.on('error', () => {})
        resolve(response.statusCode === 200 ? 'ready' : 'not ready')
      },
    )
    asking.setTimeout(answerMsMax, () => {
      // A process that was busy itself, this one, sees its timers first and then what has come meanwhile.
      setImmediate(() => {
        resolve('silent')
        asking.destroy()
      })
    })
    asking.once('error', (error) => resolve(nobodyThere.has(codeOf(error)) ? 'refused' : 'silent'))
    asking.end()
  })
}
