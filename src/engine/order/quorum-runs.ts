/**
 * Drops entries that have come before. An entry is named `member/run/name/number`: a run is one process of the member, and numbers its
 * entries from 1. Of each member the latest run and its last number are kept; an entry of an earlier run, or with a number that is
 * not greater, is dropped. So an entry that was placed twice counts once, and one that is overtaken by a later one of its author counts
 * never, which its author sees: it may append the commands again. What is kept is part of the state, and the same in every region.
 */
import { quorumMembersMax } from '../../core/limits/quorum-limits.ts'

export type Run = { readonly run: number; readonly name: string; readonly number: number }
export type RunsState = Readonly<Record<string, Run>>

const idPattern = /^([\w.-]{1,100})\/(\d{1,12})\/([\w-]{1,40})\/(\d{1,14})$/

export type EntryId = Run & { readonly member: string }

export function entryIdOf(text: string): EntryId | undefined {
  const [, member, run, name, number] = idPattern.exec(text) ?? []
  if (member === undefined || name === undefined) return undefined
  return { member, run: Number(run), name, number: Number(number) }
}

export const textOfEntryId = ({ member, run, name, number }: EntryId): string => `${member}/${run}/${name}/${number}`

export class Runs {
  readonly #runs = new Map<string, Run>()

  load(state: RunsState): void {
    this.#runs.clear()
    for (const [member, run] of Object.entries(state)) this.#runs.set(member, run)
  }

  state(): RunsState {
    return Object.fromEntries(this.#runs)
  }

  of(member: string): Run | undefined {
    return this.#runs.get(member)
  }

  /** Whether the entry counts; then no earlier one of its author does any more. */
  accept({ member, run, name, number }: EntryId): boolean {
    const known = this.#runs.get(member)
    if (known === undefined && this.#runs.size >= quorumMembersMax) return false
    if (known !== undefined && run < known.run) return false
    if (known?.run === run && (known.name !== name || number <= known.number)) return false
    this.#runs.set(member, { run, name, number })
    return true
  }
}
