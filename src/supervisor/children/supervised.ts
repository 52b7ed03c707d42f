/**
 * One process that the supervisor keeps running: started, waited for until it is ready, started again with back-off when
 * it dies, stopped when told. Children live in sessions of their own, so that Ctrl-C reaches the supervisor alone, which
 * then stops them in its order.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Log } from '../../ports/log.ts'
import { Failure, exitCode, messageOf } from '../../process/failure.ts'
import type { Sentinel } from './sentinel.ts'

export type SupervisedOptions = {
  /** As in the log: "node", "nats-server", "links". */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  /** Makes what it needs, before each start. Throws a Failure that says what cannot be made. */
  readonly prepare?: () => void
  /** Whether it says over IPC that it is ready, or why it cannot be; else `probe` finds out. */
  readonly speaks: boolean
  readonly probe?: () => Promise<boolean>
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void
  readonly log: Log
  readonly sentinel: Sentinel
  /** How long it may take to end before it is made to. */
  readonly stopMsMax: number
}

/** 'failed': it could not become ready, and is tried again. 'down' and 'frozen': as somebody has asked for, until they let go of it. */
export type SupervisedState = 'starting' | 'ready' | 'restarting' | 'failed' | 'stopped' | 'down' | 'frozen'

/** A shell that becomes the program once a line has come; it ends when the supervisor is gone before. */
const gate = 'read -r _ && exec "$0" "$@"'

/** Doubled with each try, since a large store may take its time. */
const readyMs = { first: 30_000, most: 10 * 60_000 }
const probeMs = 20
const backOffMs = { first: 250, most: 10_000 }
/** Alive for so long, a process has earned a quick restart again. */
const steadyMs = 30_000
const lastLinesMax = 5

const message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('progress') }),
  z.object({ type: z.literal('failure'), message: z.string() }),
])

export class Supervised {
  readonly #options: SupervisedOptions
  #child: ChildProcess | undefined
  #state: SupervisedState = 'starting'
  #stopping = false
  /** Somebody wants it down: it is not started again by itself. */
  #held = false
  #failures = 0
  #readySinceMs = 0
  #restartTimer: NodeJS.Timeout | undefined
  #failure: string | undefined
  /** Why the last try to start it failed. */
  #reason: string | undefined
  readonly #lastLines: string[] = []

  constructor(options: SupervisedOptions) {
    this.#options = options
  }

  get state(): SupervisedState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Why it is not there; undefined while it is. */
  get reason(): string | undefined {
    return this.#state === 'failed' ? this.#reason : undefined
  }

  /** Resolves when it is ready for the first time; rejects with a Failure when it ends before, or takes too long. */
  async start(): Promise<void> {
    const child = this.#spawn()
    await Promise.race([this.#ready(child), this.#endedEarly(child)])
    if (hasEnded(child)) throw new Failure(this.#story(child.exitCode, child.signalCode))
    this.#becameReady()
  }

  /** The same, but a failure is returned, and it is tried again with back-off. */
  async startOrRetry(): Promise<string | undefined> {
    try {
      await this.start()
      return undefined
    } catch (error) {
      if (this.#stopping || this.#held) return messageOf(error)
      this.#reason = messageOf(error)
      this.#state = 'failed'
      const child = this.#child
      if (child !== undefined && !hasEnded(child)) child.kill('SIGKILL')
      else this.#again({})
      return this.#reason
    }
  }

  /** Ends it; it is started again like one that died. */
  kick(): void {
    if (this.#child !== undefined) signalGroup(this.#child, 'SIGKILL')
  }

  /** Asks it to end, so that it is started again with what is prepared for it by then. One that is only starting has that already. */
  renew(): void {
    if (this.#state === 'ready' || this.#state === 'frozen') this.#child?.kill('SIGTERM')
  }

  /** Tells it to read its files again. */
  reload(): void {
    if (this.#state === 'ready' || this.#state === 'frozen') this.#child?.kill('SIGHUP')
  }

  /** Asks it to end, and makes it when it takes too long. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#state = 'stopped'
    await this.#end('SIGTERM')
  }

  /** Ends it, with SIGKILL without a chance to say goodbye, and leaves it so until `release`. Resolves when it is gone. */
  async hold(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#held = true
    this.#state = 'down'
    await this.#end(signal)
  }

  /** It stays in memory with its connections open and does nothing, until `release`. */
  freeze(): void {
    if (this.#held || this.#child === undefined) return
    this.#state = 'frozen'
    signalGroup(this.#child, 'SIGSTOP')
  }

  /** Undoes `hold` and `freeze`. Resolves when it is ready again, or when it is clear that this takes more than one try. */
  async release(): Promise<void> {
    if (this.#state === 'frozen') {
      if (this.#child !== undefined) signalGroup(this.#child, 'SIGCONT')
      this.#state = 'ready'
    }
    if (!this.#held || this.#stopping) return
    this.#held = false
    this.#failures = 0
    this.#state = 'restarting'
    await this.#restart()
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    clearTimeout(this.#restartTimer)
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    await new Promise<void>((resolve) => {
      const hard = setTimeout(() => {
        this.#options.log.warn(`${this.#options.name} does not stop and is killed`)
        child.kill('SIGKILL')
      }, this.#options.stopMsMax)
      child.once('exit', () => {
        clearTimeout(hard)
        resolve()
      })
      if (signal === 'SIGKILL') signalGroup(child, signal)
      else child.kill(signal)
      // One that is frozen would not hear of it.
      signalGroup(child, 'SIGCONT')
    })
  }

  killNow(): void {
    this.#stopping = true
    clearTimeout(this.#restartTimer)
    this.#child?.kill('SIGKILL')
  }

  /** The child waits at the gate until the sentinel knows of it: whenever we die, it is ended or has never begun. */
  #spawn(): ChildProcess {
    const { program, args, environment, speaks, sentinel, onLine, prepare } = this.#options
    this.#child = undefined
    this.#failure = undefined
    prepare?.()
    const stdio: StdioOptions = speaks ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe']
    const child = spawn('/bin/sh', ['-c', gate, program, ...args], { detached: true, stdio, env: environment })
    this.#child = child
    for (const stream of ['stdout', 'stderr'] as const) {
      // Without a free file descriptor it has no streams; the error is reported by an event.
      const source = child[stream] as ChildProcess['stdout'] | undefined
      if (source === null || source === undefined) continue
      createInterface({ input: source }).on('line', (line) => {
        this.#remember(line)
        onLine(line, stream)
      })
    }
    child.on('message', (value) => {
      const told = message.safeParse(value)
      if (told.success && told.data.type === 'failure') this.#failure = told.data.message
    })
    // 'close' comes after 'exit', when the last line and the last message have been read.
    child.once('close', (code, signal) => this.#ended(child, code, signal))
    child.once('error', () => this.#ended(child, null, null))
    const { pid, stdin } = child
    if (pid === undefined) return child
    sentinel.watch(pid)
    child.once('exit', () => sentinel.unwatch(pid))
    stdin?.on('error', () => {})
    stdin?.end('\n')
    return child
  }

  async #ready(child: ChildProcess): Promise<void> {
    const msMax = Math.min(readyMs.first * 2 ** this.#failures, readyMs.most)
    let deadline = performance.now() + msMax
    child.on('message', (value) => {
      if (message.safeParse(value).data?.type === 'progress') deadline = performance.now() + msMax
    })
    const said = this.#options.speaks ? saysReady(child) : undefined
    while (performance.now() < deadline && !hasEnded(child)) {
      if ((await Promise.race([said, pause(probeMs)])) === 'ready') return
      if (await this.#options.probe?.()) return
    }
    throw new Failure(`${this.#options.name} is not ready after ${msMax / 1000} s${this.#lastWords()}`)
  }

  async #endedEarly(child: ChildProcess): Promise<never> {
    return await new Promise((_, reject) => {
      child.once('close', (code, signal) => reject(new Failure(this.#story(code, signal))))
      child.once('error', (error) => reject(new Failure(`${this.#options.name} cannot be started: ${error.message}`)))
    })
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping || this.#held || child !== this.#child || this.#state === 'starting') return
    if (this.#state === 'ready' && performance.now() - this.#readySinceMs > steadyMs) this.#failures = 0
    if (this.#failure !== undefined) this.#reason = this.#failure
    if (this.#state === 'ready' || this.#state === 'frozen') this.#state = 'restarting'
    else if (this.#failure !== undefined) this.#state = 'failed'
    this.#again({ code, signal })
  }

  #again(how: Readonly<Record<string, unknown>>): void {
    clearTimeout(this.#restartTimer)
    const waitMs = Math.min(backOffMs.first * 2 ** this.#failures, backOffMs.most)
    this.#failures += 1
    const said = this.#failure ?? this.reason
    const why = { ...how, restartInMs: waitMs, ...(said === undefined ? {} : { message: said }) }
    this.#options.log.warn(`${this.#options.name} ended and is started again`, why)
    this.#restartTimer = setTimeout(() => void this.#restart(), waitMs)
  }

  async #restart(): Promise<void> {
    if (this.#stopping || this.#held) return
    let child: ChildProcess
    try {
      child = this.#spawn()
    } catch (error) {
      this.#reason = messageOf(error)
      this.#state = 'failed'
      return this.#again({})
    }
    try {
      await this.#ready(child)
      if (this.#held || child !== this.#child) return
      this.#becameReady()
      this.#options.log.info(`${this.#options.name} is ready again`)
    } catch (error) {
      // When it has ended, #ended has already seen to the next try.
      if (hasEnded(child)) return
      this.#options.log.warn(`${this.#options.name} did not become ready and is killed`, { error })
      child.kill('SIGKILL')
    }
  }

  #becameReady(): void {
    if (this.#stopping) return
    this.#state = 'ready'
    this.#readySinceMs = performance.now()
  }

  #remember(line: string): void {
    this.#lastLines.push(line)
    if (this.#lastLines.length > lastLinesMax) this.#lastLines.shift()
  }

  #story(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#failure !== undefined) return this.#failure
    const how = signal === null ? `with status ${code ?? '?'}` : `by ${signal}`
    return `${this.#options.name} ended ${how} before it was ready${code === exitCode.failure ? '' : this.#lastWords()}`
  }

  #lastWords(): string {
    return this.#lastLines.length === 0 ? '' : `; it said:\n  ${this.#lastLines.join('\n  ')}`
  }
}

/** With the processes that it has started itself, which are in its group: a node with workers fails as one. */
function signalGroup(child: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
}

async function saysReady(child: ChildProcess): Promise<'ready'> {
  return await new Promise((resolve) => {
    child.on('message', (value) => {
      if (message.safeParse(value).data?.type === 'ready') resolve('ready')
    })
  })
}

async function pause(ms: number): Promise<'paused'> {
  return await new Promise((resolve) => {
    setTimeout(() => resolve('paused'), ms)
  })
}
