/** What a bench is asked for on its command line. */
import { parseArgs } from 'node:util'

/** `usage` is told for --help, which ends the process. */
export function flagsOf(usage: string): { readonly quick: boolean; readonly json: boolean } {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (!values.help) return values
  console.log(usage)
  return process.exit()
}
