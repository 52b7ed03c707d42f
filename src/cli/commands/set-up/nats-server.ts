/** `longitude nats-server`: makes sure of the nats-server that `up` would run, and says which it is. */
import type { Command } from 'commander'
import { readOptions } from '../../configuration.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { findNatsServer } from '../../../nats-server/find.ts'

export async function runNatsServer(command: Command, json: boolean): Promise<void> {
  const { natsServer } = readOptions(command, optionsOf.natsServer)
  const found = await findNatsServer({ explicit: natsServer, progress: (line) => console.error(line) })
  console.log(json ? JSON.stringify(found) : `${found.path} (${found.version})`)
}
