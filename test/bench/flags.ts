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

/** The same, and whether equals are to be compared. */
export function controlledFlagsOf(usage: string): ReturnType<typeof flagsOf> & { readonly control: boolean } {
  const at = process.argv.indexOf('--control')
  if (at >= 0) process.argv.splice(at, 1)
  return { ...flagsOf(usage), control: at >= 0 }
}

/** The same, and one more that is a number. */
export function numberedFlagsOf(
  usage: string,
  name: string,
): { readonly quick: boolean; readonly json: boolean; readonly number: number | undefined } {
  const at = process.argv.indexOf(`--${name}`)
  const [, value] = at < 0 ? [] : process.argv.splice(at, 2)
  const number = value === undefined ? undefined : Number(value)
  if (number !== undefined && !(number >= 1)) throw new Error(`--${name} takes a number`)
  return { ...flagsOf(usage), number }
}

/** The names in a list that is given after an option, which is taken away; undefined where it is not given. */
export function listFlag(name: string, known: readonly string[]): readonly string[] | undefined {
  const at = process.argv.indexOf(`--${name}`)
  const [, value] = at < 0 ? [] : process.argv.splice(at, 2)
  const names = value?.split(',')
  const unknown = names?.find((each) => !known.includes(each))
  if (unknown !== undefined) throw new Error(`--${name} takes some of ${known.join(', ')}, not ${unknown}`)
  return names
}
