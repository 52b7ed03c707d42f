/**
 * What a person sees of a drill while it runs: in a terminal a few lines that are drawn again, elsewhere a line for
 * everything that happens.
 */
import { secondsText } from '../report/verdict.ts'
import { quantile } from '../report/statistics.ts'
import { tableText } from '../../process/table-text.ts'
import type { RunEvent, Sight } from './run-options.ts'
import { nowMs } from './time.ts'

export type Display = {
  told(event: RunEvent): void
  look(sight: () => Sight): void
  end(): void
}

const redrawMs = 250
/** Of the last two seconds. */
const recentMs = 2000

export function displayOn(stream: NodeJS.WriteStream, title: string): Display {
  return stream.isTTY ? new LiveDisplay(stream, title) : new PlainDisplay(stream, title)
}

class PlainDisplay implements Display {
  readonly #write: (line: string) => void
  readonly #startedMs = nowMs()
  #timer: NodeJS.Timeout | undefined
  readonly #states = new Map<string, string>()

  constructor(stream: NodeJS.WritableStream, title: string) {
    this.#write = (line) => void stream.write(`${line}\n`)
    this.#write(title)
  }

  told(event: RunEvent): void {
    const line = eventLine(event)
    if (line !== undefined) this.#say(line)
  }

  look(sight: () => Sight): void {
    this.#timer = setInterval(() => {
      for (const sample of sight().samples) {
        if (sample === undefined || this.#states.get(sample.region) === sample.state) continue
        if (this.#states.has(sample.region) || sample.state !== 'ready')
          this.#say(`    ${sample.region} is ${sample.state}`)
        this.#states.set(sample.region, sample.state)
      }
    }, redrawMs)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #say(line: string): void {
    this.#write(`${secondsText(nowMs() - this.#startedMs).padStart(8)}  ${line}`)
  }
}

class LiveDisplay implements Display {
  readonly #stream: NodeJS.WriteStream
  readonly #startedMs = nowMs()
  #sight: (() => Sight) | undefined
  #timer: NodeJS.Timeout | undefined
  #drawn = 0
  #current = ''

  constructor(stream: NodeJS.WriteStream, title: string) {
    this.#stream = stream
    stream.write(`${title}\n`)
  }

  told(event: RunEvent): void {
    this.#erase()
    const line = eventLine(event)
    if (event.kind === 'step done' && line !== undefined)
      this.#stream.write(`${secondsText(nowMs() - this.#startedMs).padStart(8)}  ${line}\n`)
    else this.#current = line ?? this.#current
    this.#draw()
  }

  look(sight: () => Sight): void {
    this.#sight = sight
    this.#timer = setInterval(() => {
      this.#erase()
      this.#draw()
    }, redrawMs)
  }

  end(): void {
    clearInterval(this.#timer)
    this.#erase()
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001B[${this.#drawn}A\u001B[0J`)
    this.#drawn = 0
  }

  #draw(): void {
    const width = Math.max(20, this.#stream.columns)
    const lines = [
      '',
      ...(this.#sight === undefined ? [] : sightText(this.#sight()).split('\n')),
      '',
      `  ${this.#current.trim()} …`,
    ]
    for (const line of lines) this.#stream.write(`${line.slice(0, width - 1)}\n`)
    this.#drawn = lines.length
  }
}

function eventLine(event: RunEvent): string | undefined {
  if (event.kind === 'phase') return `  ${event.text}`
  if (event.kind === 'step') return `  ${event.text}`
  const { outcome, text, startedMs, endedMs, message } = event.record
  if (outcome === 'failed') return `✗ ${text}: ${message}`
  return endedMs - startedMs < 500 ? `✓ ${text}` : `✓ ${text}  (${secondsText(endedMs - startedMs)})`
}

function sightText({ samples, operations, faults }: Sight): string {
  const sinceMs = nowMs() - recentMs
  const recent = operations.slice(-5000).filter(({ endMs }) => endMs >= sinceMs)
  const rows = samples.flatMap((sample) => {
    if (sample === undefined) return []
    const { region, state, peers } = sample
    const own = recent.filter(({ home }) => home === region)
    const served = own.filter(({ fate }) => fate === 'acknowledged')
    const latencies = served.map(({ startMs, endMs }) => endMs - startMs).toSorted((a, b) => a - b)
    const pending = peers?.map(
      ({ peer, pending: count, lagMs }) => `${peer} ${count}${count === 0 ? '' : ` (${secondsText(lagMs)})`}`,
    )
    return [
      [
        region,
        state,
        `${Math.round((1000 * served.length) / recentMs)}/s`,
        own.length === served.length ? '–' : String(own.length - served.length),
        latencies.length === 0 ? '–' : `${Math.round(quantile(latencies, 0.5))} ms`,
        pending?.join(', ') ?? '?',
      ],
    ]
  })
  const head = ['REGION', 'STATE', 'SERVED', 'FAILED', 'MEDIAN', 'PENDING TO']
  const broken = faults.map(({ what }) => what)
  return [tableText(head, rows), `  broken: ${broken.length === 0 ? 'nothing' : broken.join('; ')}`].join('\n')
}
