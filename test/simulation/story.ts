/** What happened in a run, line by line: the nodes' own logs, the clients' writes and the faults. Kept for the report of a failure. */
import type { Log } from '../../src/ports/log.ts'

type Fields = Readonly<Record<string, unknown>>
type Line = { readonly atMs: number; readonly who: string; readonly event: string; readonly fields: Fields | undefined }

export class Story {
  readonly #nowMs: () => number
  readonly #linesMax: number
  readonly #print: ((line: string) => void) | undefined
  #lines: Line[] = []
  readonly #counts = new Map<string, number>()

  constructor(options: { nowMs: () => number; linesMax: number; print?: (line: string) => void }) {
    this.#nowMs = options.nowMs
    this.#linesMax = options.linesMax
    this.#print = options.print
  }

  tell(who: string, event: string, fields?: Fields): void {
    const line = { atMs: this.#nowMs(), who, event, fields }
    this.#print?.(lineText(line))
    this.#lines.push(line)
    if (this.#lines.length > 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax)
  }

  /** How often a region's node has logged this, at whatever level; of one peer, if one is named. */
  count(region: string, event: string, peer?: string): number {
    return this.#counts.get(countName(region, event, peer)) ?? 0
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  /** The last lines, oldest first. */
  last(count = this.#linesMax): readonly string[] {
    return this.#lines.slice(-count).map(lineText)
  }

  /** The log of one region's node. */
  logOf(region: string, bound: Fields = {}): Log {
    const line = (level: string) => (event: string, fields?: Fields) => {
      const all = fields === undefined ? bound : { ...bound, ...fields }
      this.#count(countName(region, event))
      if (typeof all['peer'] === 'string') this.#count(countName(region, event, all['peer']))
      this.tell(region, `${level} ${event}`, all)
    }
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('ERROR'),
      with: (fields) => this.logOf(region, { ...bound, ...fields }),
    }
  }
}

function countName(region: string, event: string, peer?: string): string {
  return peer === undefined ? `${region} ${event}` : `${region} ${event} ${peer}`
}

function lineText({ atMs, who, event, fields }: Line): string {
  const details = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${valueText(value)}`)
  return `${atMs.toFixed(1).padStart(10)}  ${who.padEnd(10)} ${event} ${details.join(' ')}`.trimEnd()
}

function valueText(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}
