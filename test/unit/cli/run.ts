/** Runs a command in this process, as the program does, with what it prints. */
import { vi } from 'vitest'
import { toldOf } from '../../../src/cli/mistakes.ts'
import { commandLine } from '../../../src/cli/program.ts'

export type Ran = { readonly status: number; readonly output: string; readonly errors: string }

export async function ran(...args: readonly string[]): Promise<Ran> {
  const parts = { output: '', errors: '' }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((line: string) => void (parts.output += `${line}\n`)),
    vi.spyOn(console, 'error').mockImplementation((line: string) => void (parts.errors += `${line}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => (parts.output += String(text)) !== ''),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => (parts.errors += String(text)) !== ''),
  ]
  process.exitCode = undefined
  try {
    await commandLine().parseAsync(args, { from: 'user' })
    return { status: Number(`${process.exitCode ?? 0}`), ...parts }
  } catch (error) {
    const { text, status } = toldOf(error, args)
    return { status, output: parts.output, errors: parts.errors + (text === '' ? '' : `${text}\n`) }
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
}
