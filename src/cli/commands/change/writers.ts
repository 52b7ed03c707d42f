/** `longitude writers TABLE [REGION...]`: the regions that take writes of a table; in the others they are refused. */
import type { Command } from 'commander'
import { z } from 'zod'
import { askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

const told = z.object({ tables: z.array(z.object({ table: z.string(), writers: z.array(z.string()) })) })

export async function runWriters(command: Command, json: boolean): Promise<void> {
  const [table = '', ...regions] = command.args
  const { any = false } = command.opts<{ any?: boolean }>()
  if (any && regions.length > 0) throw new Failure('either --any, or the regions that write')
  const endpoints = regionsAdministered(readOptionsFound(command, optionsOf.status))
  const asked = any || regions.length > 0 ? regions : undefined
  const problems: string[] = []
  for (const endpoint of endpoints) {
    try {
      const writers = asked === undefined ? await writersIn(endpoint, table) : await setIn(endpoint, table, asked)
      if (json) console.log(JSON.stringify({ table, writers, asked: endpoint[0] }))
      else console.log(`${table} is written in ${writers.length === 0 ? 'every region' : writers.join(', ')}`)
      return
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  throw new Failure(problems.length === 0 ? 'no region runs here' : problems.join('\n  '))
}

type Endpoint = ReturnType<typeof regionsAdministered>[number]

async function writersIn(endpoint: Endpoint, table: string): Promise<readonly string[]> {
  const { tables } = told.parse(await askAdmin(endpoint, 'writers'))
  const found = tables.find((each) => each.table === table)
  if (found === undefined) throw new Failure(`there is no table ${table} in ${endpoint[0]}`)
  return found.writers
}

async function setIn(endpoint: Endpoint, table: string, regions: readonly string[]): Promise<readonly string[]> {
  await askAdmin(endpoint, 'writers', { body: { table, regions } })
  return regions
}
