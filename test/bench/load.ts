/**
 * The load generator, a process of its own: requests made beforehand go out on raw sockets, each connection's next one when
 * its answer is whole. It costs a few microseconds a request, which the bench prints, so that nobody has to believe
 * that it is not what is being measured.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { CborScanner } from '../../src/core/cbor/cbor-scanner.ts'
import { type Aim, encodeRequest, fillRequest } from './requests.ts'

export type LoadOrder = {
  readonly port: number
  /** This machine when not given. */
  readonly host?: string
  readonly secure?: boolean
  readonly connections: number
  readonly requests: readonly Buffer[]
  /** What comes back: HTTP unless said otherwise; an answer of DAX; or the request itself. */
  readonly answers?: 'http' | 'dax' | 'echo'
  /** Written first on each connection. */
  readonly greeting?: Buffer
  /** Rather than requests: items [0, count × 25) of a table, made as they go. */
  readonly fill?: { readonly table: string; readonly aim: Omit<Aim, 'url'> & { readonly url: string } }
  /** Either ends it. */
  readonly ms?: number
  readonly count?: number
}

export type LoadResult = {
  readonly count: number
  readonly failed: number
  /** Of them, those that were told to come more slowly. */
  readonly throttled: number
  /** The first answer that was not 200. */
  readonly failure?: string
  readonly ms: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Of this process. */
  readonly cpuMs: number
}

const toldEveryMs = 10_000

class Run {
  readonly order: LoadOrder
  readonly latenciesMs: number[] = []
  failed = 0
  throttled = 0
  failure: string | undefined
  #next = 0
  #open = 0
  readonly #startedMs = performance.now()
  #nextToldMs = this.#startedMs + toldEveryMs
  readonly #endMs: number
  readonly #done: () => void

  constructor(order: LoadOrder, done: () => void) {
    this.order = order
    this.#done = done
    this.#endMs = this.#startedMs + (order.ms ?? Number.POSITIVE_INFINITY)
    for (let n = 0; n < order.connections; n++) {
      this.#open++
      new Connection(this).open()
    }
  }

  take(nowMs: number): Buffer | undefined {
    if (nowMs >= this.#endMs || this.#next >= (this.order.count ?? Number.POSITIVE_INFINITY)) return undefined
    const next = this.#next++
    const { fill, requests } = this.order
    if (fill === undefined) return requests[next % requests.length]
    this.#tell(next, nowMs)
    return encodeRequest(...fillRequest(fill.table, next * 25), { ...fill.aim, url: new URL(fill.aim.url) })
  }

  /** A table of ten million items takes minutes. */
  #tell(done: number, nowMs: number): void {
    if (nowMs < this.#nextToldMs) return
    this.#nextToldMs = nowMs + toldEveryMs
    const { count = 0 } = this.order
    const leftSeconds = Math.round((((nowMs - this.#startedMs) / Math.max(done, 1)) * (count - done)) / 1000)
    console.error(`filling: ${done * 25} of ${count * 25} items, about ${leftSeconds} s left`)
  }

  closed(): void {
    if (--this.#open === 0) this.#done()
  }
}

class Connection {
  readonly #run: Run
  #socket: Socket | undefined
  #sentMs = 0
  #waiting: Buffer | undefined
  #sentBytes = 0

  constructor(run: Run) {
    this.#run = run
  }

  open(): void {
    const { port, host = '127.0.0.1', secure = false } = this.#run.order
    const { greeting } = this.#run.order
    const begin = (): void => {
      if (greeting !== undefined) this.#socket?.write(greeting)
      this.#send()
    }
    this.#socket = secure
      ? connectSecurely({ port, host, servername: host }, begin)
      : connect({ port, host, noDelay: true }, begin)
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#socket.on('error', (error) => this.#fail(String(error)))
    this.#socket.on('close', () => this.#run.closed())
  }

  #send(): void {
    const now = performance.now()
    const request = this.#run.take(now)
    if (request === undefined) {
      this.#socket?.destroy()
      return
    }
    this.#sentMs = now
    this.#sentBytes = request.length
    this.#socket?.write(request)
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#waiting === undefined ? chunk : Buffer.concat([this.#waiting, chunk])
    const { answers = 'http' } = this.#run.order
    if (answers !== 'http') return this.#receiveBinary(bytes, answers)
    const headEnd = bytes.indexOf(headEnding)
    const length = headEnd < 0 ? undefined : contentLength(bytes.toString('latin1', 0, headEnd))
    if (length === undefined || bytes.length < headEnd + 4 + length) {
      this.#waiting = bytes
      return
    }
    this.#waiting = undefined
    // "HTTP/1.1 200"
    if (bytes[9] !== 0x32) this.#refused(bytes.toString('utf8'))
    this.#run.latenciesMs.push(performance.now() - this.#sentMs)
    this.#send()
  }

  /** Of DAX an empty array, where nothing is wrong, and one value more. */
  #receiveBinary(bytes: Buffer, answers: 'dax' | 'echo'): void {
    const isWhole = answers === 'echo' ? bytes.length >= this.#sentBytes : this.#isWhole(bytes)
    this.#waiting = isWhole ? undefined : bytes
    if (!isWhole) return
    if (answers === 'dax' && bytes[0] !== 0x80) this.#fail(bytes.toString('latin1'))
    this.#run.latenciesMs.push(performance.now() - this.#sentMs)
    this.#send()
  }

  #isWhole(bytes: Buffer): boolean {
    return bytes.length > 1 && new CborScanner().scan(bytes, 1) === bytes.length
  }

  #refused(answer: string): void {
    if (answer.includes('#ThrottlingException')) this.#run.throttled++
    this.#fail(answer)
  }

  #fail(what: string): void {
    this.#run.failed++
    this.#run.failure ??= what
  }
}

const headEnding = Buffer.from('\r\n\r\n')

function contentLength(head: string): number | undefined {
  const text = /\ncontent-length: *(\d+)/i.exec(head)?.[1]
  return text === undefined ? undefined : Number(text)
}

async function loaded(order: LoadOrder): Promise<LoadResult> {
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  let done: Run | undefined
  await new Promise<void>((resolve) => {
    done = new Run(order, resolve)
  })
  const { latenciesMs = [], failed = 0, throttled = 0, failure } = done ?? {}
  const ms = performance.now() - startedMs
  const { user, system } = process.cpuUsage(cpu)
  const sorted = Float64Array.from(latenciesMs).toSorted()
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
  return {
    count: sorted.length,
    failed,
    throttled,
    ...(failure === undefined ? {} : { failure }),
    ms,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    cpuMs: (user + system) / 1000,
  }
}

if (process.send !== undefined) {
  process.on('message', (order: LoadOrder) => {
    const requests = order.requests.map((bytes) => Buffer.from(bytes))
    void loaded({ ...order, requests }).then((result) => process.send?.(result))
  })
  process.once('disconnect', () => process.exit(0))
  process.send({ type: 'ready' })
}
