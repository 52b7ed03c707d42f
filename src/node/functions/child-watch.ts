/** A process that runs a function: its log, its memory, and its end. It is the first of a group of its own, so that what it has started ends with it. */
import type { ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import type { Readable } from 'node:stream'
import {
  functionLogBytesMax,
  functionLogLineLengthMax,
  functionLogLinesMax,
  functionLogTailBytes,
  functionRuntimeMb,
  functionWatchMs,
} from '../../core/limits/trigger-limits.ts'
import type { Log } from '../../ports/log.ts'

/** The region goes first: the process gives way to it, and is the first to go when memory is short. */
export function standBack({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, niceness)
  } catch {
    // It has ended already.
  }
  writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => undefined)
}

const niceness = 10

/** With everything that it has started. */
export function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

const pageBytes = 4096
const megabyte = 1024 * 1024

/** Calls `onExcess` once the process has more memory than the function may have. Returns what ends it. Systems without /proc have the bound of Node's heap alone. */
export function watchMemory({ pid }: ChildProcess, memoryMb: number, onExcess: () => void): () => void {
  const bytesMax = (memoryMb + functionRuntimeMb) * megabyte
  const timer = setInterval(() => {
    void readFile(`/proc/${pid}/statm`, 'latin1')
      .then((text) => (Number(text.split(' ')[1]) * pageBytes > bytesMax ? onExcess() : undefined))
      .catch(() => undefined)
  }, functionWatchMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** What a function prints: its lines go to the node's log, and the end of it to who asks for it. Bounded for each invocation. */
export class PrintedLog {
  readonly #log: Log
  readonly #streams: readonly Readable[]
  #tail = ''
  #line = ''
  #bytes = 0
  #lines = 0

  constructor(log: Log, streams: readonly (Readable | null)[]) {
    this.#log = log
    this.#streams = streams.filter((stream) => stream !== null)
    for (const stream of this.#streams) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => this.#take(text))
      stream.on('error', () => undefined)
    }
  }

  /** Of the invocation that begins. */
  begin(): void {
    this.#tail = ''
    this.#bytes = 0
    this.#lines = 0
    for (const stream of this.#streams) stream.resume()
  }

  /** What was printed before the answer has come by then, though the two come by different ways. */
  async arrived(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  get tail(): string {
    return this.#tail
  }

  #take(text: string): void {
    this.#bytes += text.length
    this.#tail = (this.#tail + text).slice(-functionLogTailBytes)
    const lines = (this.#line + text).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, functionLogLineLengthMax)
    for (const line of lines) this.#tell(line)
    if (this.#bytes > functionLogBytesMax) for (const stream of this.#streams) stream.pause()
  }

  #tell(line: string): void {
    if (line === '' || this.#lines > functionLogLinesMax) return
    if (this.#lines++ === functionLogLinesMax) this.#log.warn('a function prints more than is logged')
    else this.#log.info('a function says', { line: line.slice(0, functionLogLineLengthMax) })
  }
}
