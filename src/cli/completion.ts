/**
 * Completion for shells, made from the command line itself: for each command its subcommands and options, and for options their values where these are few. The script is static, so pressing
 * Tab starts no process of ours.
 */
import type { Command, Option } from 'commander'
import { Failure } from '../process/failure.ts'

/** A command with what can follow it. */
type Place = {
  /** Empty for the program itself. */
  readonly path: string
  readonly subcommands: readonly Named[]
  readonly options: readonly OptionPlace[]
}
type Named = { readonly name: string; readonly description: string }
type OptionPlace = Named & {
  readonly takesValue: boolean
  /** Empty where anything may follow. */
  readonly values: readonly string[]
  readonly takesFile: boolean
}

const shells: Readonly<Record<string, (places: readonly Place[]) => string>> = { bash, zsh, fish }

export function completionOf(shell: string, program: Command): string {
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (script === undefined)
    throw new Failure(`no completion for ${shell}; there is one for ${Object.keys(shells).join(', ')}`)
  return script(placesOf(program, ''))
}

function placesOf(command: Command, path: string): readonly Place[] {
  const visible = command.createHelp().visibleCommands(command)
  const subcommands = visible.map((each) => ({ name: each.name(), description: each.description() }))
  const options = command.options.map(optionPlace)
  const below = command.commands
    .filter((each) => visible.includes(each))
    .flatMap((each) => placesOf(each, `${path} ${each.name()}`.trim()))
  return [{ path, subcommands, options }, ...below]
}

function optionPlace(option: Option): OptionPlace {
  const takesValue = option.required || option.optional
  const placeholder = /[<[]([\w-]+)/.exec(option.flags)?.[1] ?? ''
  return {
    name: option.long ?? option.flags,
    description: option.description,
    takesValue,
    values: option.argChoices ?? [],
    takesFile: ['file', 'folder', 'path'].includes(placeholder),
  }
}

/** Of bash 3.2 and everything newer, which macOS still has. */
function bash(places: readonly Place[]): string {
  return [
    '# Completion of longitude for bash: eval "$(longitude completion bash)"',
    '_longitude() {',
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="" path="" i',
    '  [ "$COMP_CWORD" -gt 0 ] && before="${COMP_WORDS[COMP_CWORD-1]}"',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "$path ${COMP_WORDS[i]}" in',
    `      ${places
      .filter(({ path }) => path !== '')
      .map(({ path }) => `'${path.includes(' ') ? '' : ' '}${path}'`)
      .join('|')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$path $before" in',
    ...valueCases(
      places,
      (path, { name, values }) =>
        `    '${path} ${name}') COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$word")); return ;;`,
    ),
    ...fileCases(places, (path, { name }) => `    '${path} ${name}') COMPREPLY=($(compgen -f -- "$word")); return ;;`),
    '  esac',
    '  case "$path" in',
    ...places.map(
      ({ path, subcommands, options }) =>
        `    '${path}') COMPREPLY=($(compgen -W '${[...subcommands, ...options].map(({ name }) => name).join(' ')}' -- "$word")) ;;`,
    ),
    '  esac',
    '}',
    'complete -o default -F _longitude longitude',
  ].join('\n')
}

function valueCases(places: readonly Place[], line: (path: string, option: OptionPlace) => string): readonly string[] {
  return places.flatMap(({ path, options }) =>
    options.filter(({ values }) => values.length > 0).map((option) => line(path, option)),
  )
}

function fileCases(places: readonly Place[], line: (path: string, option: OptionPlace) => string): readonly string[] {
  return places.flatMap(({ path, options }) =>
    options.filter(({ takesFile }) => takesFile).map((option) => line(path, option)),
  )
}

/** Its variable is not called `path`: in zsh that is the list of folders with commands. */
function zsh(places: readonly Place[]): string {
  return [
    '#compdef longitude',
    '# Completion of longitude for zsh: eval "$(longitude completion zsh)"',
    '_longitude() {',
    '  local at="" i',
    '  for ((i = 2; i < CURRENT; i++)); do',
    '    case "$at ${words[i]}" in',
    `      ${places
      .filter(({ path }) => path !== '')
      .map(({ path }) => `'${path.includes(' ') ? '' : ' '}${path}'`)
      .join('|')}) at="\${at:+$at }\${words[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$at ${words[CURRENT-1]}" in',
    ...valueCases(
      places,
      (path, { name, values }) => `    '${path} ${name}') compadd -- ${values.join(' ')}; return ;;`,
    ),
    ...fileCases(places, (path, { name }) => `    '${path} ${name}') _files; return ;;`),
    '  esac',
    '  local -a found',
    '  case "$at" in',
    ...places.map(
      ({ path, subcommands, options }) =>
        `    '${path}') found=(${[...subcommands, ...options].map(({ name, description }) => zshQuoted(`${name}:${description}`)).join(' ')}) ;;`,
    ),
    '  esac',
    "  _describe 'longitude' found",
    '  case "$at" in',
    `    ${places
      .filter(({ subcommands }) => subcommands.length > 0)
      .map(({ path }) => `'${path}'`)
      .join('|')}) ;;`,
    '    *) _files ;;',
    '  esac',
    '}',
    'compdef _longitude longitude',
  ].join('\n')
}

function fish(places: readonly Place[]): string {
  return [
    '# Completion of longitude for fish: longitude completion fish | source',
    'function __longitude_at',
    '  set -l path',
    '  for word in (commandline -opc)[2..-1]',
    '    switch (string join " " $path $word)',
    `      case ${places
      .filter(({ path }) => path !== '')
      .map(({ path }) => `'${path}'`)
      .join(' ')}`,
    '        set path $path $word',
    '    end',
    '  end',
    '  test "$path" = "$argv"',
    'end',
    ...places.flatMap(({ path, subcommands, options }) => [
      ...subcommands.map(
        ({ name, description }) =>
          `complete -c longitude -f -n '__longitude_at ${path}' -a ${name} -d ${fishQuoted(description)}`,
      ),
      ...options.map(
        ({ name, description, takesValue, values, takesFile }) =>
          `complete -c longitude -n '__longitude_at ${path}' -l ${name.slice(2)}${takesValue ? ' -r' : ''}${
            values.length > 0 ? ` -f -a '${values.join(' ')}'` : takesFile ? ' -F' : ''
          } -d ${fishQuoted(description)}`,
      ),
    ]),
  ].join('\n')
}

function zshQuoted(text: string): string {
  const [, name = '', description = ''] = /^([^:]*):([\s\S]*)$/.exec(text) ?? []
  return `'${`${name}:${description.replaceAll(':', String.raw`\:`)}`.replaceAll("'", String.raw`'\''`)}'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}
