/**
 * `longitude replicas remove TABLE REGION`: removes a replica by way of any other region that has the table. With --force it gives up one that is still
 * CREATING, as that of a lost region is for as long as the region is away: UpdateTable has to wait for it, as on AWS.
 */
import type { Command } from 'commander'
import { askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

export async function runReplicasRemove(command: Command, json: boolean): Promise<void> {
  const [table = '', region = ''] = command.args
  const { force = false } = command.opts<{ force?: boolean }>()
  const others = regionsAdministered(readOptionsFound(command, optionsOf.status)).filter(([name]) => name !== region)
  const problems: string[] = []
  for (const endpoint of others) {
    try {
      await askAdmin(endpoint, 'replicas/remove', { body: { table, region, force } })
    } catch (error) {
      problems.push(messageOf(error))
      continue
    }
    const asked = endpoint[0]
    if (json) console.log(JSON.stringify({ table, removed: region, asked }))
    else console.log(`  ${asked}  the replica of ${table} in ${region} goes`)
    return
  }
  const hint = force ? '' : '; --force removes it also while the table is UPDATING'
  throw new Failure(problems.length === 0 ? `no region but ${region} runs here` : `${problems.join('\n  ')}${hint}`)
}
