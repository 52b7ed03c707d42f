/** `longitude node`: one region's node alone; what a container runs, and what `up` runs for every region. */
import type { Command } from 'commander'
import { InvariantViolation } from '../../../core/assert.ts'
import { bufferPoolSizeBytes } from '../../../core/limits/limits.ts'
import { refuseOpenPort } from '../../../deployment/secrets/open-ports.ts'
import { adminToken } from '../../../deployment/secrets/admin-token.ts'
import { byRegion } from '../../options/addresses.ts'
import { readOptions } from '../../configuration.ts'
import { counted } from '../../options/capacity.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { exitCode, messageOf } from '../../../process/failure.ts'
import { certificatesOf, natsAccess } from '../../../deployment/secrets/nats/nats-access.ts'
import { endpointTls } from '../../../deployment/secrets/certificates/served-certificate.ts'
import { startNode } from '../../../node/node.ts'
import { severalOf } from '../../../node/several/several-options.ts'
import { isOfContent } from '../../../node/store/own-engine.ts'
import type { Parent } from '../../../process/process-end.ts'
import { StoreLost } from '../../../ports/store.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { Starts } from '../../../process/starts.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'

export async function runNode(command: Command, json: boolean): Promise<void> {
  await runRole((parent) => serve(command, json, parent))
}

async function serve(command: Command, json: boolean, parent: Parent): Promise<void> {
  requireDescriptors(nodeDescriptorsMin, 'a node')
  Buffer.poolSize = bufferPoolSizeBytes
  const options = readOptions(command, optionsOf.node)
  refuseOpenPort(options)
  const known = readRegions(options.regionsFolder)
  const self = known.named(options.region)
  const several = severalOf(options)
  const fields = { region: self.name, ...(several === undefined ? {} : { node: several.node }) }
  const log = await roleLog({ ...options, fields, json })
  const broken = brokenInvariant((error) => {
    log.error('broken invariant: this node stops', { error })
    // A record that cannot be decoded would end the next process as well.
    if (isOfContent(error)) new Starts(options.data).suspect()
  })
  const tls = endpointTls(options, log)
  const node = await startNode({
    ...options,
    several,
    visitors: options,
    adminToken: adminToken(options),
    natsAccess: natsAccess(options),
    messageKeysFolder: options.messageKeys,
    admitUnsignedUntilMs: options.admitUnsignedPeersUntil,
    capacity: counted(options.capacity),
    tls,
    certificates: certificatesOf(options),
    self: { name: self.name, number: self.number },
    peers: options.peer.map(({ region, url }) => ({ name: region, number: known.named(region).number, url })),
    peerEndpoints: byRegion(options.peerEndpoint),
    readRegions: () => readRegions(options.regionsFolder).all,
    log,
    onBrokenInvariant: broken,
    onStoreGone: (reason) =>
      void parent.failed(reason).then(() => {
        log.error(reason)
        process.exit(exitCode.failure)
      }),
    onStoreDamaged: (reason) => {
      log.error(reason)
      process.exit(exitCode.brokenInvariant)
    },
    onProgress: () => parent.progress(),
  })
  parent.ready()
  log.info('listening', { url: node.url })
  await serveUntilEnd(parent, log, () => node.close())
}

/** A node that has caught itself wrong must not go on; the supervisor, or the container's, starts it again from its disk. */
function brokenInvariant(tell: (error: Error) => void): (error: Error) => void {
  const stop = (error: Error): void => {
    // A region that its node does not lead any more is being stopped, and what it still wants of its store is refused.
    if (error instanceof StoreLost) return
    tell(error)
    process.exit(exitCode.brokenInvariant)
  }
  const stopAt = (thrown: unknown): void => {
    stop(thrown instanceof Error ? thrown : new InvariantViolation(messageOf(thrown)))
  }
  process.on('uncaughtException', stopAt)
  process.on('unhandledRejection', stopAt)
  return stop
}
