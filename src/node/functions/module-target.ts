/** A function that is an export of a module: processes of its own call it, one invocation at a time each. A process that fails in any way is killed, and the next invocation starts another. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { resolve as resolvePath } from 'node:path'
import { exited, outOfMemory, responseTooLarge, startTimedOut, timedOut } from '../../core/triggers/function-errors.ts'
import { functionStartMsMax } from '../../core/limits/trigger-limits.ts'
import type { InvocationContext, Invoked } from '../../ports/functions.ts'
import { killGroup, PrintedLog, standBack, watchMemory } from './child-watch.ts'
import { type FromHandler, handlerDescriptor, Lines, type ToHandler } from './handler-lines.ts'
import { environmentOf, type RunSettings, type Surroundings, type Target } from './function-target.ts'

export type ModuleSettings = RunSettings & { readonly module: string }

export class ModuleTarget implements Target {
  readonly #settings: ModuleSettings
  readonly #around: Surroundings
  readonly #all = new Set<HandlerProcess>()
  readonly #idle: HandlerProcess[] = []
  #isStopped = false

  constructor(settings: ModuleSettings, around: Surroundings) {
    this.#settings = settings
    this.#around = around
  }

  stop(): void {
    this.#isStopped = true
    for (const each of this.#all) each.kill()
  }

  async invoke(event: Buffer, about: InvocationContext): Promise<Invoked> {
    const environment = await environmentOf(this.#settings, this.#around)
    if (this.#isStopped) return { kind: 'unavailable', reason: 'the node is stopping', isThrottled: false }
    const process = this.#idle.pop() ?? this.#start(environment)
    const invoked = await process.invoke(event, about)
    if (process.isGood) this.#idle.push(process)
    else process.kill()
    return invoked
  }

  #start(environment: NodeJS.ProcessEnv): HandlerProcess {
    const around = { ...this.#around, environment }
    const started: HandlerProcess = new HandlerProcess(this.#settings, around, () => {
      this.#all.delete(started)
      const at = this.#idle.indexOf(started)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    this.#all.add(started)
    return started
  }
}

type Around = Surroundings & { readonly environment: NodeJS.ProcessEnv }

type Waiting = { readonly requestId: string; readonly end: (invoked: Invoked) => void }

class HandlerProcess {
  readonly #settings: ModuleSettings
  readonly #child: ChildProcess
  readonly #channel: Socket
  readonly #printed: PrintedLog
  #waiting: Waiting | undefined
  #ready: (() => void) | undefined
  #isReady = false
  #isGood = true

  constructor(settings: ModuleSettings, around: Around, onEnd: () => void) {
    this.#settings = settings
    this.#child = this.#spawn(around)
    this.#channel = this.#child.stdio[handlerDescriptor] as Socket
    standBack(this.#child)
    this.#printed = new PrintedLog(around.log.with({ function: settings.name }), [
      this.#child.stdout,
      this.#child.stderr,
    ])
    const lines = new Lines((line) => this.#hear(line))
    this.#channel.on('data', (chunk: Buffer) => {
      if (!lines.take(chunk)) this.#fail(responseTooLarge)
    })
    this.#channel.on('error', () => undefined)
    this.#child.on('error', (error) => this.#end({ kind: 'unavailable', reason: error.message, isThrottled: false }))
    this.#child.on('exit', (code, signal) => {
      this.#fail((requestId) => exited(requestId, code, signal))
      onEnd()
    })
    const [path = '', name = ''] = settings.module.split('#')
    this.#say({ type: 'start', module: resolvePath(settings.folder, path), export: name })
  }

  /** It may be given another event. */
  get isGood(): boolean {
    return this.#isGood
  }

  kill(): void {
    this.#isGood = false
    killGroup(this.#child)
  }

  async invoke(event: Buffer, about: InvocationContext): Promise<Invoked> {
    const { timeout, memory } = this.#settings
    const { requestId } = about
    this.#printed.begin()
    let timer: NodeJS.Timeout | undefined
    const unwatch = watchMemory(this.#child, memory, () => this.#fail(outOfMemory))
    const invoked = await new Promise<Invoked>((resolve) => {
      this.#waiting = { requestId, end: resolve }
      const send = (): void => {
        clearTimeout(timer)
        timer = setTimeout(() => this.#fail((id) => timedOut(id, timeout)), timeout * 1000)
        this.#say({ type: 'invoke', event: event.toString(), context: this.#contextOf(about) })
      }
      if (this.#isReady) return send()
      this.#ready = send
      timer = setTimeout(() => this.#fail(startTimedOut), functionStartMsMax)
    })
    clearTimeout(timer)
    unwatch()
    await this.#printed.arrived()
    return invoked.kind === 'unavailable' ? invoked : { ...invoked, log: this.#printed.tail }
  }

  #spawn(around: Around): ChildProcess {
    const { memory } = this.#settings
    const [node = '', ...rest] = around.program
    return spawn(node, [`--max-old-space-size=${memory}`, ...rest, 'handler'], {
      cwd: this.#settings.folder,
      detached: true,
      env: around.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
  }

  #contextOf({ requestId, functionArn, clientContext }: InvocationContext) {
    const { name, memory, timeout } = this.#settings
    return {
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: functionArn,
      memoryLimitInMB: String(memory),
      awsRequestId: requestId,
      deadlineMs: Date.now() + timeout * 1000,
      ...(clientContext === undefined ? {} : { clientContext: JSON.parse(clientContext) as unknown }),
    }
  }

  #say(message: ToHandler): void {
    this.#channel.write(`${JSON.stringify(message)}\n`)
  }

  /** Nothing of what a process says is believed beyond its form. */
  #hear(line: string): void {
    const message = messageIn(line)
    if (message?.type === 'ready') {
      this.#isReady = true
      this.#ready?.()
      this.#ready = undefined
    } else if (message?.type === 'returned') this.#end({ kind: 'returned', payload: Buffer.from(message.payload) })
    else if (message?.type === 'failed') {
      // A module that cannot be loaded is tried again with the next event.
      if (!this.#isReady) this.#isGood = false
      this.#end({ kind: 'failed', payload: Buffer.from(message.payload) })
    }
  }

  /** The process is of no more use. */
  #fail(payloadOf: (requestId: string) => Buffer): void {
    const { requestId } = this.#waiting ?? { requestId: '' }
    this.kill()
    this.#end({ kind: 'failed', payload: payloadOf(requestId) })
  }

  #end(invoked: Invoked): void {
    this.#waiting?.end(invoked)
    this.#waiting = undefined
  }
}

function messageIn(line: string): FromHandler | undefined {
  try {
    const { type, payload } = JSON.parse(line) as Partial<Record<string, unknown>>
    if (type === 'ready') return { type }
    return (type === 'returned' || type === 'failed') && typeof payload === 'string' ? { type, payload } : undefined
  } catch {
    return undefined
  }
}
