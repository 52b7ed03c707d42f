/**
 * `longitude conflicts TABLE`: the writes that lost last-writer-wins, from the feeds of all regions or of one. A write that
 * has lost in several regions is told once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { conflictsMax } from '../../../core/limits/limits.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { type Administered, askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { Failure, exitCode, messageOf } from '../../../process/failure.ts'

const pollMs = 500

const stamp = z.object({ wallMs: z.number(), counter: z.number(), region: z.number() })
const image = z.looseObject({ region: z.string(), stamp, kind: z.string(), item: z.unknown() })
const conflict = z.looseObject({
  table: z.string(),
  key: z.record(z.string(), z.unknown()),
  kind: z.string(),
  winner: z.string(),
  loser: z.string(),
  won: image,
  lost: image,
  metIn: z.string(),
  metMs: z.number(),
})
const page = z.object({ conflicts: z.array(conflict), tableExists: z.boolean().optional(), next: z.number() })

type Conflict = z.output<typeof conflict>
type Feed = {
  readonly region: Administered
  next: number
  /** Undefined until the region has answered. */
  tableExists?: boolean | undefined
}

export async function runConflicts(command: Command, json: boolean): Promise<void> {
  const { region, follow } = command.opts<{ region?: string; follow?: boolean }>()
  const table = command.args[0] ?? ''
  const feeds = feedsOf(command, region)
  const told = new Set<string>()
  for (let turn = 1; ; turn++) {
    const met = await readAll(feeds, table, { json, quiet: follow === true && turn > 1 })
    const fresh = met.toSorted((a, b) => a.metMs - b.metMs).filter((each) => isNew(told, each))
    if (follow !== true) {
      if (met.length === 0) refuseUnknown(feeds, table)
      return print(table, fresh, json)
    }
    for (const each of fresh) console.log(json ? JSON.stringify(each) : lineOf(each))
    await sleep(pollMs)
  }
}

function print(table: string, conflicts: readonly Conflict[], json: boolean): void {
  if (json) console.log(JSON.stringify({ table, conflicts }))
  else if (conflicts.length === 0) console.log(`no write to ${table} has lost`)
  else for (const each of conflicts) console.log(lineOf(each))
}

function feedsOf(command: Command, region: string | undefined): Feed[] {
  const endpoints = regionsAdministered(readOptionsFound(command, optionsOf.status))
  const asked = endpoints.filter(([name]) => region === undefined || name === region)
  if (asked.length === 0)
    throw new Failure(`no region ${region}; running are ${endpoints.map(([name]) => name).join(', ')}`)
  return asked.map((each) => ({ region: each, next: 0 }))
}

/** A name that is only misspelt would else look like a table without conflicts. */
function refuseUnknown(feeds: readonly Feed[], table: string): void {
  const answered = feeds.filter(({ tableExists }) => tableExists !== undefined)
  if (answered.length === 0 || answered.some(({ tableExists }) => tableExists === true)) return
  throw new Failure(`no table ${table} in ${answered.map(({ region: [name] }) => name).join(', ')}`)
}

type Telling = { readonly json: boolean; readonly quiet: boolean }

/** A region that does not answer is left out with a word on it, and heard again when it is back. */
async function readAll(feeds: readonly Feed[], table: string, { json, quiet }: Telling): Promise<readonly Conflict[]> {
  const parts = await Promise.all(
    feeds.map(async (feed) => {
      try {
        return await readFeed(feed, table)
      } catch (error) {
        if (!quiet) {
          console.error(json ? JSON.stringify({ error: messageOf(error) }) : `longitude: ${messageOf(error)}`)
          process.exitCode = exitCode.failure
        }
        return []
      }
    }),
  )
  return parts.flat()
}

async function readFeed(feed: Feed, table: string): Promise<readonly Conflict[]> {
  const found: Conflict[] = []
  for (;;) {
    const query = new URLSearchParams({ table, after: String(feed.next) })
    const { conflicts, tableExists, next } = page.parse(await askAdmin(feed.region, `conflicts?${query.toString()}`))
    found.push(...conflicts)
    feed.tableExists = tableExists
    if (next === feed.next) return found
    feed.next = next
  }
}

function isNew(told: Set<string>, { key, table, lost }: Conflict): boolean {
  const name = JSON.stringify([table, key, lost.stamp.wallMs, lost.stamp.counter, lost.stamp.region])
  if (told.has(name)) return false
  told.add(name)
  const oldest = told.values().next().value
  if (told.size > conflictsMax && oldest !== undefined) told.delete(oldest)
  return true
}

function lineOf({ key, kind, won, lost, metIn }: Conflict): string {
  return `${timeOf(lost)}  ${JSON.stringify(key)}  ${kind} of ${lost.region} lost to ${won.kind} of ${won.region} at ${timeOf(won)}, met in ${metIn}`
}

function timeOf({ stamp: { wallMs } }: Conflict['lost']): string {
  return new Date(wallMs).toISOString()
}
