/**
 * Sends spans and metrics to a collector by OpenTelemetry's protocol over HTTP, in JSON. Nothing waits for it: spans wait in a bounded queue, and
 * what finds it full, or what the collector does not take, is dropped and counted. A collector that is away costs a node nothing but that.
 *
 * It is our own because the protocol is two POSTs of plain JSON. OpenTelemetry's packages bring more than a dozen others, hook themselves into node's
 * modules, and bound their queues by settings of their own.
 */
import { Agent, request as requestHttp } from 'node:http'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import {
  otlpAnswerBytesMax,
  otlpAnswerMsMax,
  otlpFarewellMsMax,
  otlpFlushMs,
  otlpPauseMs,
  otlpSpansAtOnceMax,
  otlpSpansWaitingMax,
  otlpTriesMax,
} from '../../core/limits/observe-limits.ts'
import type { Span } from '../../core/tracing/span.ts'
import type { Log } from '../../ports/log.ts'
import type { Meter } from '../../ports/meter.ts'
import type { FamilyFigures } from '../metrics/family-figures.ts'
import { metricsJson, type Times } from './metric-json.ts'
import { type Attributes, tracesJson } from './span-json.ts'

export type OtlpOptions = {
  /** Of the collector, such as `http://127.0.0.1:4318`; /v1/traces and /v1/metrics are added. */
  readonly url: string
  readonly resource: Attributes
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly meter: Pick<Meter, 'count'>
  readonly pauseMs?: number
}

type Signal = 'traces' | 'metrics'

export class OtlpExporter {
  readonly #options: OtlpOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 })
  readonly #secureAgent = new SecureAgent({ keepAlive: true, maxSockets: 2 })
  readonly #timer: NodeJS.Timeout
  #spans: Span[] = []
  #sending: Promise<void> | undefined
  #complains = false
  #stopped = false

  constructor(options: OtlpOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.flush(), otlpFlushMs).unref()
  }

  span(span: Span): void {
    if (this.#spans.length >= otlpSpansWaitingMax) return this.#drop('traces', 1)
    this.#spans.push(span)
    if (this.#spans.length >= otlpSpansAtOnceMax) void this.flush()
  }

  /** Resolves when the spans until now are sent, or dropped. Never rejects. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendSpans().finally(() => (this.#sending = undefined))
    return this.#sending
  }

  /** Never rejects. */
  async metrics(families: Iterable<FamilyFigures>, times: Times): Promise<void> {
    for (const body of metricsJson(families, this.#options.resource, times)) {
      if (this.#stopped) return
      if (!(await this.#send('metrics', body))) this.#drop('metrics', 1)
    }
  }

  /** Sends what waits, if that is soon done. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    const farewell = new Promise<void>((resolve) => {
      setTimeout(resolve, otlpFarewellMsMax).unref()
    })
    await Promise.race([farewell, this.flush().then(async () => await this.flush())])
    this.#agent.destroy()
    this.#secureAgent.destroy()
  }

  async #sendSpans(): Promise<void> {
    while (this.#spans.length > 0) {
      const spans = this.#spans.splice(0, otlpSpansAtOnceMax)
      if (!(await this.#send('traces', tracesJson(spans, this.#options.resource)))) this.#drop('traces', spans.length)
    }
  }

  #drop(signal: Signal, count: number): void {
    this.#options.meter.count('longitude_otlp_dropped_total', { signal }, count)
  }

  /** False when it was given up. */
  async #send(signal: Signal, body: string): Promise<boolean> {
    const { log, pauseMs = otlpPauseMs } = this.#options
    for (let tries = 1; ; tries++) {
      const problem = await this.#post(`/v1/${signal}`, body)
      if (problem === undefined) {
        if (this.#complains) log.info('the collector takes spans and metrics again')
        this.#complains = false
        return true
      }
      if (!problem.isPassing || tries >= otlpTriesMax || this.#stopped) {
        if (!this.#complains) log.warn('the collector does not take spans and metrics', { reason: problem.reason })
        this.#complains = true
        return false
      }
      await pause(pauseMs * 2 ** (tries - 1))
    }
  }

  async #post(path: string, body: string): Promise<Problem | undefined> {
    const url = new URL(`${this.#options.url.replace(/\/+$/, '')}${path}`)
    const isSecure = url.protocol === 'https:'
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const agent = isSecure ? this.#secureAgent : this.#agent
    const send = isSecure ? requestHttps : requestHttp
    return await new Promise((resolve) => {
      const failed = (error: Error): void => resolve({ reason: error.message, isPassing: true })
      const request = send(url, { method: 'POST', headers, agent }, (answer) => {
        let read = 0
        answer.on('data', (chunk: Buffer) => {
          read += chunk.length
          if (read > otlpAnswerBytesMax) answer.destroy()
        })
        answer.on('error', failed)
        answer.on('close', () => resolve(problemIn(answer.statusCode ?? 0)))
      })
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), otlpAnswerMsMax).unref()
      request.on('close', () => clearTimeout(timer))
      request.on('error', failed)
      request.end(body)
    })
  }
}

type Problem = { readonly reason: string; readonly isPassing: boolean }

const passing: ReadonlySet<number> = new Set([429, 502, 503, 504])

function problemIn(status: number): Problem | undefined {
  return status >= 200 && status < 300 ? undefined : { reason: `status ${status}`, isPassing: passing.has(status) }
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
