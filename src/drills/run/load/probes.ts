/**
 * The application's own probes: an address that is fetched, or a command that is run, again and again. Each attempt is recorded like a request of a
 * client that lives in the probe, so an interruption and its end are found as for other clients.
 */
import { spawn } from 'node:child_process'
import { probeOutputBytesMax, probesMax } from '../../../core/limits/drill-limits.ts'
import { drillOperationsMax } from '../../../core/limits/limits.ts'
import type { ProbePlan } from '../../definition/definition.ts'
import type { Operation } from '../../definition/drill-record.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import type { TargetRegion } from '../targets/target.ts'
import { nowMs, pause } from '../time.ts'

/** A command that is told to end has so long before it is killed. */
const endMsMax = 2000
const messageCharsMax = 300

export class Probes {
  readonly attempts: Operation[] = []
  readonly #regions: readonly TargetRegion[]
  readonly #ended = new AbortController()
  readonly #running: Promise<void>[] = []
  #count = 0

  constructor(regions: readonly TargetRegion[]) {
    this.#regions = regions
  }

  get isFull(): boolean {
    return this.attempts.length >= drillOperationsMax
  }

  start(plan: ProbePlan, place: (name: string) => string): void {
    if (++this.#count > probesMax) throw new Failure(`a drill has at most ${probesMax} probes`)
    const wanted = plan.in === undefined ? undefined : place(plan.in)
    const region = wanted === undefined ? this.#regions[0] : this.#regions.find((each) => each.region === wanted)
    for (let client = 1; client <= plan.clients; client++)
      this.#running.push(this.#run(plan, { name: `${plan.name}-${client}`, region }))
  }

  /** What is under way ends as it ends, within its own time-out. */
  async stop(): Promise<void> {
    this.#ended.abort()
    await Promise.all(this.#running)
  }

  async #run(plan: ProbePlan, { name, region }: { name: string; region: TargetRegion | undefined }): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted && !this.isFull) {
      const startMs = nowMs()
      const error =
        plan.url === undefined
          ? await commandFails(plan.command ?? '', { timeoutMs: plan.timeout, region })
          : await fetchFails(plan.url, plan.timeout)
      const home = `probe ${plan.name}`
      const outcome =
        error === undefined
          ? ({ fate: 'acknowledged' } as const)
          : ({ fate: 'unknown', error: error.slice(0, messageCharsMax) } as const)
      const told = { kind: 'read', client: name, home, served: home, key: '', shared: false, attempts: 1 } as const
      this.attempts.push({ ...told, startMs, endMs: nowMs(), ...outcome })
      await pause(startMs + plan.every - nowMs(), signal)
    }
  }
}

/** Undefined for a status of 200 to 299. */
async function fetchFails(url: string, timeoutMs: number): Promise<string | undefined> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' })
    await reply.body?.cancel()
    return reply.ok ? undefined : `status ${reply.status}`
  } catch (error) {
    return messageOf(error)
  }
}

/** Undefined when it ends with status 0. It is a group of processes of its own, so that what it starts ends with it. */
async function commandFails(
  command: string,
  { timeoutMs, region }: { readonly timeoutMs: number; readonly region: TargetRegion | undefined },
): Promise<string | undefined> {
  const env = {
    ...process.env,
    ...(region === undefined ? {} : { AWS_ENDPOINT_URL_DYNAMODB: region.endpoint, AWS_REGION: region.region }),
  }
  return await new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true })
    let said = ''
    let timedOut = false
    const end = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal)
      } catch {
        // It has ended.
      }
    }
    const timers = [
      setTimeout(() => {
        timedOut = true
        end('SIGTERM')
      }, timeoutMs),
      setTimeout(() => end('SIGKILL'), timeoutMs + endMsMax),
    ]
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < probeOutputBytesMax) said += chunk.toString()
    })
    const settle = (outcome: string | undefined): void => {
      for (const timer of timers) clearTimeout(timer)
      resolve(outcome)
    }
    child.once('error', (error) => settle(messageOf(error)))
    child.once('exit', (status) => {
      if (timedOut) settle(`no end within ${timeoutMs} ms`)
      else settle(status === 0 ? undefined : `status ${status ?? 'none'}: ${said.trim().split('\n').at(-1) ?? ''}`)
    })
  })
}
