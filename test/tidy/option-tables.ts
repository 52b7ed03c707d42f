/**
 * The tables of docs/reference/configuration.md, made from the command line itself, so that an option that is not documented cannot be.
 *
 *   npx tsx test/tidy/option-tables.ts        writes them anew
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { options } from '../../src/cli/options/rows.ts'
import { commandLine } from '../../src/cli/program.ts'
import { exitTable } from '../../src/process/exit-status.ts'

export const page = fileURLToPath(new URL('../../docs/reference/configuration.md', import.meta.url))

/** The page as it should be: its text, with the tables between their marks as the command line is now. */
export function pageWithTables(): string {
  const program = commandLine()
  const text = readFileSync(page, 'utf8')
  const withOptions = between(text, 'options', optionTable(program))
  return between(between(withOptions, 'commands', commandTable(program)), 'exit statuses', statusTable())
}

function statusTable(): string {
  return table(
    ['status', ''],
    exitTable.map(({ status, meaning }) => [status, meaning].map(cell)),
  )
}

type Row = { readonly flags: string; readonly help: string; readonly default?: unknown; readonly repeatable?: boolean }

/** Every option that can be given in three ways, then those that are flags of a command only. */
function optionTable(program: Command): string {
  const rows = Object.entries<Row>(options).map(([name, row]) => [
    code(row.flags),
    code(environmentOf(name)),
    code(name),
    defaultOf(row),
    usersOf(program, row.flags, row.help).join(', '),
    row.help,
  ])
  const known = new Set(Object.values<Row>(options).map(identityOf))
  const others = new Map(
    commandsOf(program)
      .flatMap(({ command }) => command.options)
      .map((option) => [`${option.flags} ${option.description}`, option] as const),
  )
  const flagsOnly = [...others]
    .filter(([identity]) => !known.has(identity))
    .map(([, option]) => [
      code(option.flags),
      option.envVar === undefined ? '' : code(option.envVar),
      '',
      option.defaultValue === undefined ? '' : code(String(option.defaultValue)),
      usersOf(program, option.flags, option.description).join(', '),
      option.description,
    ])
  return table(
    ['flag', 'variable', 'key in the file', 'default', 'of', ''],
    [...rows, ...flagsOnly].map((row) => row.map(cell)),
  )
}

/** Two commands may have a flag of the same name for different things. */
function identityOf({ flags, help }: Row): string {
  return `${flags} ${help}`
}

function commandTable(program: Command): string {
  const rows = commandsOf(program)
    .filter(({ hidden }) => !hidden)
    .map(({ command, name }) => [
      code(`longitude ${name}${command.registeredArguments.map((each) => ` ${shown(each)}`).join('')}`),
      command.description(),
    ])
  return table(
    ['command', ''],
    rows.map((row) => row.map(cell)),
  )
}

type Named = { readonly command: Command; readonly name: string; readonly hidden: boolean }

/** Those below others too, such as `links set`. */
function commandsOf(parent: Command, before = ''): readonly Named[] {
  const visible = parent.createHelp().visibleCommands(parent)
  return parent.commands.flatMap((command) => {
    const name = before + command.name()
    return [{ command, name, hidden: !visible.includes(command) }, ...commandsOf(command, `${name} `)]
  })
}

function shown(argument: { readonly required: boolean; readonly variadic: boolean; name(): string }): string {
  const name = argument.name() + (argument.variadic ? '...' : '')
  return argument.required ? `<${name}>` : `[${name}]`
}

/** All commands, where it is one of every command. */
function usersOf(program: Command, flags: string, help: string): readonly string[] {
  const all = commandsOf(program)
  const users = all.filter(({ command }) =>
    command.options.some((option) => option.flags === flags && option.description === help),
  )
  // A name above others, such as `drill`, has no options of its own.
  const able = all.filter(({ command }) => command.options.length > 0)
  return users.length === able.length ? ['all'] : users.map(({ name }) => name)
}

function defaultOf({ default: value, repeatable }: Row): string {
  if (repeatable === true) return ''
  if (typeof value === 'string' || typeof value === 'number') return code(`${value}`)
  return value === true ? 'on' : value === false ? 'off' : ''
}

function environmentOf(name: string): string {
  return `LONGITUDE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

function code(text: string): string {
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from === -1 || to === -1) throw new Error(`${page} has no marks ${start} and ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, pageWithTables())
