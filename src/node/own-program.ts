/** The command line program as Node runs it, for whoever starts another process of it. */
import { fileURLToPath } from 'node:url'

export function ownProgram(): readonly string[] {
  const cli = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './cli.ts' : './cli.js', import.meta.url))
  return [process.execPath, ...process.execArgv, cli]
}
