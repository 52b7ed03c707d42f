/** One connection of an attacker: whatever bytes it wants to write, at its own pace, and the statuses that come back. */
import { connect, type Socket } from 'node:net'

/** Statuses of replies, and what else became of a connection: how often each. */
export type Tally = Map<string, number>

export class Line {
  readonly #socket: Socket
  readonly #tally: Tally
  #tail = ''
  #replies = 0
  #receivedBytes = 0

  constructor(endpoint: string, tally: Tally) {
    const { hostname, port } = new URL(endpoint)
    this.#tally = tally
    this.#socket = connect(Number(port), hostname)
    this.#socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => note(tally, code))
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** Resolves once the bytes are with the operating system, or the connection is gone. */
  async write(bytes: string | Buffer): Promise<void> {
    if (this.#socket.destroyed) return
    await new Promise<void>((resolve) => {
      this.#socket.once('close', resolve)
      this.#socket.write(bytes, () => {
        this.#socket.removeListener('close', resolve)
        resolve()
      })
    })
  }

  /** Until so many replies have begun, the connection has ended, or the time is over. */
  async replies(count: number, msMax: number): Promise<void> {
    const deadline = performance.now() + msMax
    while (this.#replies < count && !this.#socket.destroyed && performance.now() < deadline) await pause(10)
    if (this.#replies < count && !this.#socket.destroyed) note(this.#tally, 'no answer')
  }

  /** Until so many bytes have come, the connection has ended, or the time is over. */
  async bytes(count: number, msMax: number): Promise<void> {
    const deadline = performance.now() + msMax
    while (this.#receivedBytes < count && !this.#socket.destroyed && performance.now() < deadline) await pause(10)
    note(this.#tally, this.#receivedBytes >= count ? 'answered' : this.#socket.destroyed ? 'let go' : 'no answer')
  }

  /** Reads nothing more. */
  deafen(): void {
    this.#socket.pause()
  }

  /** Reads a piece, and nothing more. */
  sip(): void {
    this.#socket.once('data', () => this.#socket.pause())
    this.#socket.resume()
  }

  /** Ends its own side. */
  finish(): void {
    this.#socket.end()
  }

  get open(): boolean {
    return !this.#socket.destroyed
  }

  end(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#receivedBytes += chunk.length
    const text = this.#tail + chunk.toString('latin1')
    for (const [, status = ''] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      this.#replies++
      note(this.#tally, status)
    }
    // Shorter than a status line, so that none is counted twice.
    this.#tail = text.slice(-12)
  }
}

export function note(tally: Tally, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1)
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
