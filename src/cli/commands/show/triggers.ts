/** `longitude triggers`: in each region, which function is sent which table's changes, how far behind it is, and what came of it last. */
import type { Command } from 'commander'
import { z } from 'zod'
import { askAdmin, regionsAdministered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { tableText } from '../../../process/table-text.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

const trigger = z.object({
  uuid: z.string(),
  function: z.string(),
  table: z.string(),
  streamArn: z.string(),
  state: z.string(),
  lastResult: z.string(),
  shards: z.number(),
  lagSeconds: z.number(),
})
const answer = z.object({ triggers: z.array(trigger) })

type Shown = z.output<typeof trigger> & { readonly region: string }

export async function runTriggers(command: Command, json: boolean): Promise<void> {
  const shown: Shown[] = []
  const problems: string[] = []
  for (const endpoint of regionsAdministered(readOptionsFound(command, optionsOf.status))) {
    const [region] = endpoint
    try {
      const { triggers } = answer.parse(await askAdmin(endpoint, 'triggers'))
      shown.push(...triggers.map((each) => ({ region, ...each })))
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  console.log(json ? JSON.stringify({ triggers: shown }) : textOf(shown))
  if (problems.length > 0) throw new Failure(problems.join('\n  '))
}

function textOf(shown: readonly Shown[]): string {
  if (shown.length === 0) return 'no triggers; CreateEventSourceMapping makes them (docs/coding/triggers.md)'
  const head = ['region', 'table', 'function', 'state', 'lag', 'last result', 'uuid']
  const rows = shown.map((each) => [
    each.region,
    each.table,
    each.function,
    each.state,
    `${each.lagSeconds.toFixed(1)} s`,
    each.lastResult,
    each.uuid,
  ])
  return tableText(head, rows)
}
