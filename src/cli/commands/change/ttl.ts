/**
 * `longitude ttl run TABLE --at TIME`: every region deletes what of the table it would have deleted by that time, now. So a test or a drill need not
 * wait for items to expire.
 */
import type { Command } from 'commander'
import { z } from 'zod'
import { type Administered, askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

const answer = z.object({ deleted: z.number(), isWhole: z.boolean() })
/** Of one region; each deletes some thousands. */
const runsMax = 10_000

export async function runTtl(command: Command, json: boolean): Promise<void> {
  const [table = ''] = command.args
  const at = secondOf(command.opts<{ at?: string }>().at)
  const problems: string[] = []
  const regions: { readonly region: string; readonly deleted: number }[] = []
  for (const endpoint of regionsAdministered(readOptionsFound(command, optionsOf.status))) {
    const region = endpoint[0]
    try {
      const deleted = await runIn(endpoint, { table, at })
      regions.push({ region, deleted })
      if (!json) console.log(`  ${region}  ${deleted} expired ${deleted === 1 ? 'item' : 'items'} of ${table} deleted`)
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  if (json) console.log(JSON.stringify({ table, at, regions }))
  if (problems.length > 0) throw new Failure(problems.join('\n  '))
}

async function runIn(endpoint: Administered, body: { readonly table: string; readonly at: number }): Promise<number> {
  let total = 0
  for (let runs = 0; runs < runsMax; runs++) {
    const { deleted, isWhole } = answer.parse(await askAdmin(endpoint, 'ttl/run', { body }))
    total += deleted
    if (isWhole) return total
  }
  throw new Failure(`${endpoint[0]} has still more expired items after ${total}; run the command again`)
}

/** Seconds since 1970, or a date as in ISO 8601; now when it is not given. */
function secondOf(text: string | undefined): number {
  if (text === undefined) return Math.floor(Date.now() / 1000)
  const seconds = /^\d{1,15}$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000)
  if (Number.isSafeInteger(seconds) && seconds >= 0) return seconds
  throw new Failure(`--at ${text} is no time: give seconds since 1970 or a date such as 2027-01-31T12:00:00Z`)
}
