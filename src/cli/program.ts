/** The command line, made from the table of commands. */
import { Command, Option } from 'commander'
import { exitTable } from '../process/exit-status.ts'
import { addOptions } from './configuration.ts'
import { breaking } from './table/breaking.ts'
import { access } from './table/access.ts'
import { changing } from './table/changing.ts'
import type { CommandRow, Flag } from './table/command-row.ts'
import { copying } from './table/copying.ts'
import { drills } from './table/drills.ts'
import { running } from './table/running.ts'
import { settingUp } from './table/setting-up.ts'
import { repairing, showing } from './table/showing.ts'
import { version } from './version.ts'

export const commandTable: readonly CommandRow[] = [
  ...running,
  ...showing,
  ...repairing,
  ...changing,
  ...copying,
  ...breaking,
  ...access,
  ...drills,
  ...settingUp,
]

/** A new one each time: a command that was parsed remembers what it was told. */
export function commandLine(): Command {
  const program = new Command('longitude')
    .description('Self-hosted DynamoDB with real global tables.')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    // What is wrong is told once, by the program that parses (cli.ts).
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', programHelp())
  const made = new Map<string, Command>()
  for (const row of commandTable) made.set(row.name, addCommand(made.get(parentOf(row.name)) ?? program, row))
  program.command('handler', { hidden: true }).action(async () => {
    const { runHandlerCommand } = await import('./commands/run/handler.ts')
    await runHandlerCommand()
  })
  program.command('worker', { hidden: true }).action(async () => {
    const { runWorkerCommand } = await import('./commands/run/worker.ts')
    await runWorkerCommand()
  })
  return program
}

function parentOf(name: string): string {
  return name.split(' ').slice(0, -1).join(' ')
}

function addCommand(parent: Command, row: CommandRow): Command {
  const { name, description, flags = [], options, examples, run } = row
  const own = name.split(' ').at(-1) ?? name
  const command = parent.command(row.arguments === undefined ? own : `${own} ${row.arguments}`).description(description)
  command.copyInheritedSettings(parent).enablePositionalOptions()
  if (run === undefined) return command
  for (const flag of flags) command.addOption(optionOf(flag))
  addOptions(command, options).option('--json', 'print JSON, errors too')
  if (examples.length > 0) command.addHelpText('after', examplesText(examples))
  return command.action(async () => await run(command, command.opts<{ json?: boolean }>().json === true))
}

function optionOf({ flags, help, usual, values = [] }: Flag): Option {
  const option = new Option(flags, help)
  if (usual !== undefined) option.default(usual)
  // For the help and the completion; the command itself says what is wrong.
  return values.length === 0 ? option : option.choices(values).argParser((value: string) => value)
}

function examplesText(examples: CommandRow['examples']): string {
  return ['', 'Examples:', ...examples.flatMap(([line, what]) => [`  # ${what}`, `  ${line}`])].join('\n')
}

function programHelp(): string {
  const width = Math.max(...exitTable.map(({ status }) => status.length))
  return [
    '',
    'Examples:',
    '  longitude up                 three regions on this machine',
    '  longitude status             what runs, and what is pending between the regions',
    '  eval "$(longitude env)"      point SDKs and the aws CLI at it',
    '  longitude up --help          the options of a command, and examples',
    '',
    'Exit status:',
    ...exitTable.map(({ status, meaning }) => `  ${status.padEnd(width)}  ${meaning}`),
    '',
    'Every option can also be given by its environment variable or in longitude.json; a flag wins over the',
    'variable, the variable over the file.',
  ].join('\n')
}
