/** The functions of a file, each with what runs it. An invocation waits until its function has a process for it; too many that wait are throttled. */
import { functionQueueMax } from '../../core/limits/trigger-limits.ts'
import type { FunctionInfo, Functions, InvocationContext, Invoked } from '../../ports/functions.ts'
import { CommandTarget } from './command-target.ts'
import type { FunctionFile, FunctionTarget } from './function-file.ts'
import { ModuleTarget } from './module-target.ts'
import { RemoteTarget } from './remote-target.ts'
import type { Surroundings, Target } from './function-target.ts'

type Configured = {
  readonly info: FunctionInfo
  readonly target: Target
  readonly atOnceMax: number
  underWay: number
  readonly waiting: (() => void)[]
}

export class ConfiguredFunctions implements Functions {
  readonly #functions: ReadonlyMap<string, Configured>
  readonly #infos: readonly FunctionInfo[]

  constructor({ functions, folder }: Pick<FunctionFile, 'functions' | 'folder'>, around: Surroundings) {
    const all = Object.entries(functions).map(([name, target]) => configured(name, target, { folder, around }))
    const inOrder = all.toSorted((a, b) => (a.info.name < b.info.name ? -1 : 1))
    this.#functions = new Map(inOrder.map((each) => [each.info.name, each]))
    this.#infos = inOrder.map(({ info }) => info)
  }

  all(): readonly FunctionInfo[] {
    return this.#infos
  }

  async invoke(name: string, event: Buffer, about: InvocationContext): Promise<Invoked> {
    const found = this.#functions.get(name)
    if (found === undefined) return { kind: 'unavailable', reason: `there is no function ${name}`, isThrottled: false }
    if (found.underWay < found.atOnceMax) found.underWay++
    else if (found.waiting.length >= functionQueueMax)
      return { kind: 'unavailable', reason: 'too many invocations wait for it', isThrottled: true }
    else await new Promise<void>((resolve) => found.waiting.push(resolve))
    try {
      return await found.target.invoke(event, about)
    } finally {
      const next = found.waiting.shift()
      if (next === undefined) found.underWay--
      else next()
    }
  }

  stop(): void {
    for (const { target } of this.#functions.values()) target.stop()
  }
}

type Of = { readonly folder: string; readonly around: Surroundings }

function configured(name: string, target: FunctionTarget, of: Of): Configured {
  const { timeout, processes } = target
  return {
    info: { name, target: textOf(target), timeoutSeconds: timeout, memoryMb: 'memory' in target ? target.memory : 0 },
    target: targetOf(name, target, of),
    atOnceMax: processes,
    underWay: 0,
    waiting: [],
  }
}

function targetOf(name: string, target: FunctionTarget, { folder, around }: Of): Target {
  if ('url' in target) {
    const { url, timeout, name: there = name } = target
    return new RemoteTarget({ name: there, url, timeout, region: around.region })
  }
  const settings = { ...target, name, folder }
  return 'module' in settings ? new ModuleTarget(settings, around) : new CommandTarget(settings, around)
}

function textOf(target: FunctionTarget): string {
  if ('url' in target) return new URL(target.url).origin
  return 'module' in target ? target.module : (target.command[0] ?? '')
}
