/**
 * Which regions are healthy: each is asked every second whether it is ready to serve. One that says no, or that nobody
 * listens for, is not healthy at once; one that does not answer, after the second time.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export type HealthOptions = {
  readonly endpoints: Readonly<Record<string, string>>
  /** Told with every change after the first answer; `reached` is whether it answered, though it said no. */
  readonly onChange: (region: string, healthy: boolean, reached: boolean) => void
  readonly everyMs?: number
}

type Answer = 'ready' | 'not ready' | 'refused' | 'silent'

const answerMsMax = 2000
const silentMax = 2

export class Health {
  readonly #options: HealthOptions
  /** Until the first answer a region is taken to be healthy. */
  readonly #ill = new Set<string>()
  readonly #known = new Set<string>()
  readonly #silent = new Map<string, number>()
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
    if (endpoint !== undefined) this.#note(region, await answerOf(`${endpoint}/ready`))
  }

  #note(region: string, answer: Answer): void {
    const silent = answer === 'silent' ? (this.#silent.get(region) ?? 0) + 1 : 0
    this.#silent.set(region, silent)
    const healthy = answer === 'ready' || (silent > 0 && silent < silentMax && this.isHealthy(region))
    const first = !this.#known.has(region)
    this.#known.add(region)
    if (healthy === this.isHealthy(region)) return
    if (healthy) this.#ill.delete(region)
    else this.#ill.add(region)
    if (!first) this.#options.onChange(region, healthy, answer === 'ready' || answer === 'not ready')
  }
}

async function answerOf(url: string): Promise<Answer> {
  return await new Promise((resolve) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest
    const asking = request(url, { agent: false, headers: { connection: 'close' } }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? 'ready' : 'not ready')
    })
    asking.setTimeout(answerMsMax, () => {
      resolve('silent')
      asking.destroy()
    })
    asking.once('error', () => resolve('refused'))
    asking.end()
  })
}
