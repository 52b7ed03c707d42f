/** What the configuration of every region's NATS server has in common, in every way of deploying. */
import { messageSizeBytesMax, natsFileBytesMax } from '../core/limits/limits.ts'

/** A message's headers count as payload for the server. */
const headersSizeBytesMax = 64 * 1024

/**
 * With sync_interval 1s a loss of power costs the server its last messages; the origin's own log has them and sends them again, so that
 * nothing is gained by the price of "always". There is no monitoring port, and no user for clients without credentials.
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
