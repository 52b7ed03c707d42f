/** A command as a row: the command line, its help, its documentation and its completion are made from it. */
import type { Command } from 'commander'
import type { OptionName } from '../options/rows.ts'

export type Run = (command: Command, json: boolean) => Promise<void>

export type Flag = {
  readonly flags: string
  readonly help: string
  readonly usual?: string
  /** For the completion. */
  readonly values?: readonly string[]
}

export type Example = readonly [line: string, what: string]

export type CommandRow = {
  /** `links set` stands below `links`, which comes before it. */
  readonly name: string
  readonly arguments?: string
  readonly description: string
  /** What only this command has, the most used first; the options that several have follow. */
  readonly flags?: readonly Flag[]
  readonly options: readonly OptionName[]
  readonly examples: readonly Example[]
  /** A row without it only holds those below it. It imports what it runs, so that a short command does not wait for the packages of a long one. */
  readonly run?: Run
}
