/** The drill command and the observer, as processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Observed } from './comparison.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Ended = { readonly status: number | null; readonly output: string; readonly errors: string }
export type Started = { readonly process: ChildProcess; readonly ended: Promise<Ended>; readonly output: () => string }

export function startProgram(program: string, args: readonly string[]): Started {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^LONGITUDE_(?!NATS_SERVER)/.test(name)),
  )
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const parts = { output: '', errors: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    parts.output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    parts.errors += chunk.toString()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => resolve({ status, ...parts }))
  })
  return { process: child, ended, output: () => parts.output + parts.errors }
}

export function startDrill(...args: readonly string[]): Started {
  return startProgram('dist/cli/cli.js', ['drill', ...args])
}

export async function drill(...args: readonly string[]): Promise<Ended> {
  return await startDrill(...args).ended
}

export function startObserver(endpoints: Readonly<Record<string, string>>): { end(): Promise<Observed> } {
  const observer = startProgram(
    'test/drills/observer.mjs',
    Object.entries(endpoints).map(([region, endpoint]) => `${region}=${endpoint}`),
  )
  return {
    end: async () => {
      observer.process.stdin?.end()
      const { output, errors } = await observer.ended
      if (output === '') throw new Error(`the observer said nothing; ${errors}`)
      return JSON.parse(output) as Observed
    },
  }
}
