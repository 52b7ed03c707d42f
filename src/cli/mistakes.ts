/** What goes wrong in a command, as a person or a program is told it: one sentence, or one line of JSON, and the status. */
import { CommanderError } from 'commander'
import { isOutOfDescriptors, tooFewDescriptors } from '../process/descriptors.ts'
import { Failure, exitCode, usageStatus } from '../process/failure.ts'
import { commandTable } from './program.ts'

export type Told = {
  /** For the error stream; nothing when all has been said. */
  readonly text: string
  readonly status: number
}

export function toldOf(error: unknown, args: readonly string[]): Told {
  if (error instanceof CommanderError) return toldOfUsage(error, args)
  const json = args.includes('--json')
  if (error instanceof Failure) return { text: lineOf(error.message, error.status, json), status: error.status }
  const status = exitCode.failure
  if (isOutOfDescriptors(error)) return { text: lineOf(tooFewDescriptors(), status, json), status }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { text: json ? lineOf(stack, status, json) : stack, status }
}

function toldOfUsage(error: CommanderError, args: readonly string[]): Told {
  // Help and the version are no mistakes; a name above others without one of them shows which there are.
  if (error.exitCode === 0) return { text: '', status: 0 }
  if (error.code === 'commander.help') return { text: '', status: usageStatus }
  const help = `\`longitude ${[...wordsOf(args), '--help'].join(' ')}\` tells more`
  return { text: lineOf(`${sentenceOf(error)}; ${help}`, usageStatus, args.includes('--json')), status: usageStatus }
}

function sentenceOf({ code, message }: CommanderError): string {
  const [what = '', guess = ''] = message.replace(/^error: /, '').split('\n')
  const hint = /Did you mean (?:one of )?(.*)\?/.exec(guess)?.[1]
  const [, quoted = what] = /'([^']*)'/.exec(what) ?? []
  const also = hint === undefined ? '' : `; did you mean ${hint}?`
  switch (code) {
    case 'commander.unknownOption':
      return `there is no option ${quoted} here${also}`
    case 'commander.unknownCommand':
      return `there is no command ${quoted}${also}`
    case 'commander.missingArgument':
      return `<${quoted}> is missing`
    case 'commander.optionMissingArgument':
      return `${quoted} needs its value`
    case 'commander.excessArguments':
      return 'there is an argument too many'
    default:
      return what
  }
}

/** The command that was meant. */
function wordsOf(args: readonly string[]): readonly string[] {
  const first = args.findIndex((arg) => arg.startsWith('-'))
  const words = first === -1 ? args : args.slice(0, first)
  const known = (count: number): boolean => commandTable.some(({ name }) => name === words.slice(0, count).join(' '))
  return known(2) ? words.slice(0, 2) : known(1) ? words.slice(0, 1) : []
}

function lineOf(message: string, status: number, json: boolean): string {
  return json ? JSON.stringify({ error: message, status }) : `longitude: ${message}`
}
