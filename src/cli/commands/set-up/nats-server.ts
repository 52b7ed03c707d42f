/** `longitude nats-server`: makes sure of the nats-server that `up` would run, and says which it is. */
import type { Command } from 'commander'
import { readOptions } from '../../configuration.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { progressTo } from '../../../process/role.ts'
import { findNatsServer } from '../../../nats-server/find.ts'

export async function runNatsServer(command: Command, json: boolean): Promise<void> {
  const { natsServer } = readOptions(command, optionsOf.natsServer)
  const found = await findNatsServer({ explicit: natsServer, progress: progressTo(json) })
  console.log(json ? JSON.stringify(found) : `${found.path} (${found.version})`)
}
