/** Reads options by flag, environment and file, in this order of precedence, with a default where none of them speaks. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { Failure } from '../process/failure.ts'
import { readJsonFile } from '../process/files/json-file.ts'
import { speakPlainly } from '../process/requests/validator-words.ts'
import { type OptionName, options, type Row, type Values } from './options/rows.ts'

speakPlainly()

/** Adds the options to a command, in this order, and the file that may hold them. */
export function addOptions(command: Command, of: readonly OptionName[]): Command {
  for (const name of of) {
    const row: Row = options[name]
    const option = new Option(row.flags, row.help).env(environmentName(name))
    const usual = usualOf(command, row)
    if (usual !== undefined && usual !== true && !row.repeatable) option.default(usual)
    const values = valuesOf(row.schema)
    // For the help and the completion; readOptions says what is wrong.
    if (values.length > 0) option.choices(values).argParser((value: string) => value)
    command.addOption(option)
  }
  return command.addOption(
    new Option('--config <file>', 'JSON file with any of these options, by name in camel case')
      .env('LONGITUDE_CONFIG')
      .default('longitude.json'),
  )
}

/** Where there are only a few. */
function valuesOf(schema: z.ZodType): readonly string[] {
  if (schema instanceof z.ZodOptional) return valuesOf(schema.unwrap() as z.ZodType)
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

/** Throws a Failure that says which option is wrong, and where it was given. */
export function readOptions<Names extends OptionName>(command: Command, of: readonly Names[]): Values<Names> {
  const file = readFile(command)
  const values = of.map((name) => [name, readOption(command, file, name)] as const)
  return Object.fromEntries(values) as Values<Names>
}

function readOption(command: Command, file: ConfigurationFile, name: OptionName): unknown {
  const row: Row = options[name]
  const { value, where } = given(command, file, name)
  const parsed = row.schema.safeParse(value)
  if (parsed.success) return parsed.data
  const wish = parsed.error.issues.map((issue) => issue.message).join('; ')
  if (value === undefined) throw new Failure(`${row.flags} is needed (or ${environmentName(name)})`)
  const said = row.isSecret === true ? 'not one that can be' : JSON.stringify(value)
  throw new Failure(`${where} is ${said}: ${wish}`)
}

/** Values of options, by their names, for a diagnosis: those that are secrets are masked. */
export function withoutSecretOptions(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isSecret = (name: string): boolean => {
    const row: Row | undefined = Object.hasOwn(options, name) ? options[name as OptionName] : undefined
    // What is no option of ours may be anything.
    return row === undefined || row.isSecret === true
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, isSecret(name) ? '[secret]' : value]],
    ),
  )
}

/** What variables and the file say, without secrets. */
export function settingsOf(command: Command): object {
  const names = Object.keys(options) as OptionName[]
  const variables = names.map((name) => [name, process.env[environmentName(name)]] as const)
  const { path, values } = readFile(command)
  return {
    variables: withoutSecretOptions(Object.fromEntries(variables)),
    file: path,
    values: withoutSecretOptions(values),
  }
}

/** How strongly an option was given: 3 by flag, 2 by variable, 1 in the file, 0 not at all. */
export function givenBy(command: Command, name: OptionName): number {
  if (isFlag(command, name)) return 3
  if (process.env[environmentName(name)] !== undefined) return 2
  return Object.hasOwn(readFile(command).values, name) ? 1 : 0
}

function isFlag(command: Command, name: OptionName): boolean {
  return command.getOptionValueSource(new Option(options[name].flags).attributeName()) === 'cli'
}

function given(command: Command, file: ConfigurationFile, name: OptionName): { value: unknown; where: string } {
  const row: Row = options[name]
  // Two commands may have a flag of the same name for different things.
  const attribute = new Option(row.flags).attributeName()
  const source = command.getOptionValueSource(attribute)
  const variable = environmentName(name)
  if (source === 'cli') return { value: command.getOptionValue(attribute), where: row.flags.split(' ')[0] ?? name }
  if (process.env[variable] !== undefined) return { value: process.env[variable], where: variable }
  if (Object.hasOwn(file.values, name)) return { value: file.values[name], where: `"${name}" in ${file.path}` }
  return { value: usualOf(command, row), where: 'the default' }
}

function usualOf(command: Command, row: Row): unknown {
  return row.defaultOf?.[command.name()] ?? row.default
}

type ConfigurationFile = { readonly path: string; readonly values: Readonly<Record<string, unknown>> }

/** A file that was asked for must be there; longitude.json in the current folder is read when it is. */
function readFile(command: Command): ConfigurationFile {
  const path = resolve(String(command.getOptionValue('config')))
  const asked = command.getOptionValueSource('config') !== 'default'
  if (!asked && !existsSync(path)) return { path, values: {} }
  const values = readJsonFile(path, z.record(z.string(), z.unknown(), 'a JSON object is wanted'))
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(options, key))
  if (unknown.length > 0)
    throw new Failure(`${path}: no option ${unknown.join(', ')}; there are ${Object.keys(options).join(', ')}`)
  return { path, values }
}

function environmentName(name: string): string {
  return `LONGITUDE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}
