/** A region's own NATS server: one standalone process with JetStream, on the loopback, its store in the region's folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { messageSizeBytesMax, natsFileBytesMax } from '../../core/limits.ts'
import { Failure, messageOf } from '../failure.ts'
import type { RegionPlan } from './layout.ts'

/** A message's headers count as payload for the server. */
const headersSizeBytesMax = 64 * 1024

export function natsArguments({ folder }: RegionPlan): readonly string[] {
  return ['--config', configurationPath(folder)]
}

/** Makes the server's folder and writes its configuration. Throws a Failure that says what cannot be written. */
export function prepareNats({ name, natsPort, folder }: RegionPlan): void {
  const store = join(folder, 'nats')
  try {
    mkdirSync(store, { recursive: true })
    writeFileSync(configurationPath(folder), natsConfiguration({ name, port: natsPort, store }))
  } catch (error) {
    throw new Failure(`the folder ${folder} of ${name} cannot be written: ${messageOf(error)}`)
  }
}

const configurationPath = (folder: string): string => join(folder, 'nats.conf')

export function natsConfiguration({ name, port, store }: { name: string; port: number; store: string }): string {
  return [...natsSettings({ name, listen: `127.0.0.1:${port}`, store }), ''].join('\n')
}

/**
 * What every region's server has in common. With sync_interval 1s a loss of power costs the server its last messages; the
 * origin's own log has them and sends them again, so that nothing is gained by the price of "always".
 */
export function natsSettings(server: {
  readonly name: string
  readonly listen: string
  readonly store: string
}): readonly string[] {
  return [
    `server_name: ${JSON.stringify(server.name)}`,
    `listen: ${JSON.stringify(server.listen)}`,
    `max_payload: ${messageSizeBytesMax + headersSizeBytesMax}`,
    'ping_interval: "20s"',
    'ping_max: 3',
    // The largest message needs 18 minutes over 64 kbit/s; a consumer that is gone is found by its pings.
    'write_deadline: "1800s"',
    `jetstream { store_dir: ${JSON.stringify(server.store)}, sync_interval: "1s", max_file_store: ${natsFileBytesMax} }`,
  ]
}

/** Whether it greets: it does so when it serves. */
export async function natsGreets(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.setTimeout(500, () => socket.destroy())
    socket.once('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => {})
    socket.once('close', () => resolve(false))
  })
}
