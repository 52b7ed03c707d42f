/** A function that is a command: it reads the event on standard input, and what it prints is its answer. It succeeds with exit status 0. */
import { type ChildProcess, spawn } from 'node:child_process'
import { exited, outOfMemory, responseTooLarge, timedOut } from '../../core/triggers/function-errors.ts'
import { invokePayloadBytesMax } from '../../core/limits/trigger-limits.ts'
import type { InvocationContext, Invoked } from '../../ports/functions.ts'
import { killGroup, PrintedLog, standBack, watchMemory } from './child-watch.ts'
import { environmentOf, type RunSettings, type Surroundings, type Target } from './function-target.ts'

export type CommandSettings = RunSettings & { readonly command: readonly string[] }

export class CommandTarget implements Target {
  readonly #settings: CommandSettings
  readonly #around: Surroundings
  readonly #running = new Set<ChildProcess>()

  constructor(settings: CommandSettings, around: Surroundings) {
    this.#settings = settings
    this.#around = around
  }

  stop(): void {
    for (const child of this.#running) killGroup(child)
  }

  async invoke(event: Buffer, about: InvocationContext): Promise<Invoked> {
    const [program = '', ...args] = this.#settings.command
    const environment = await environmentOf(this.#settings, this.#around)
    const child = spawn(program, args, {
      cwd: this.#settings.folder,
      detached: true,
      env: { ...environment, AWS_REQUEST_ID: about.requestId },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    standBack(child)
    try {
      return await this.#answerOf(child, event, about)
    } finally {
      this.#running.delete(child)
      // What the command has left behind ends with it.
      killGroup(child)
    }
  }

  #answerOf(child: ChildProcess, event: Buffer, about: InvocationContext): Promise<Invoked> {
    const { name, timeout, memory } = this.#settings
    const printed = new PrintedLog(this.#around.log.with({ function: name }), [child.stderr])
    const chunks: Buffer[] = []
    let sizeBytes = 0
    return new Promise((resolve) => {
      const ended = (invoked: Invoked): void => {
        clearTimeout(timer)
        unwatch()
        resolve(invoked)
      }
      const failed = (payload: Buffer): void => ended({ kind: 'failed', payload, log: printed.tail })
      const timer = setTimeout(() => failed(timedOut(about.requestId, timeout)), timeout * 1000)
      const unwatch = watchMemory(child, memory, () => failed(outOfMemory(about.requestId)))
      child.stdout?.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length
        if (sizeBytes > invokePayloadBytesMax) failed(responseTooLarge())
        else chunks.push(chunk)
      })
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(event)
      child.on('error', (error) => ended({ kind: 'unavailable', reason: error.message, isThrottled: false }))
      child.on('close', (code, signal) => {
        if (code === 0) ended({ kind: 'returned', payload: asJson(Buffer.concat(chunks)), log: printed.tail })
        else failed(exited(about.requestId, code, signal))
      })
    })
  }
}

/** What is no JSON is a text. */
function asJson(bytes: Buffer): Buffer {
  const text = bytes.toString().trim()
  if (text === '') return Buffer.from('null')
  try {
    JSON.parse(text)
    return Buffer.from(text)
  } catch {
    return Buffer.from(JSON.stringify(text))
  }
}
