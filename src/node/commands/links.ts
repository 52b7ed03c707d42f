/** `longitude links PORT:TARGET:ROUND_TRIP_MS …`: the links between the regions of one machine; what `up` starts beside the nodes. */
import type { Command } from 'commander'
import { z } from 'zod'
import { optionsOf, readOptions } from '../configuration.ts'
import { Failure, messageOf } from '../failure.ts'
import { openLink } from '../links/link.ts'
import { childOf } from '../process-end.ts'

const row = z.tuple([z.coerce.number().int(), z.coerce.number().int(), z.coerce.number().min(0)])

export async function runLinks(command: Command): Promise<void> {
  readOptions(command, optionsOf.links)
  const parent = childOf()
  const links = await Promise.all(
    command.args.map(async (text) => {
      const parsed = row.safeParse(text.split(':'))
      if (!parsed.success) throw new Failure(`${text} is not PORT:TARGET:ROUND_TRIP_MS`)
      const [port, targetPort, roundTripMs] = parsed.data
      try {
        return await openLink({ port, target: { host: '127.0.0.1', port: targetPort }, roundTripMs })
      } catch (error) {
        throw new Failure(`the link on port ${port} cannot be opened: ${messageOf(error)}`)
      }
    }),
  )
  parent.ready()
  await parent.end
  await Promise.all(links.map(async (link) => await link.close()))
  parent.exit()
}
