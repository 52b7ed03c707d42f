/** `longitude cache`: a cache with DAX's semantics before one region, on a port of its own. */
import { refuseOpenPort } from '../../../deployment/secrets/open-ports.ts'
import type { Command } from 'commander'
import { bufferPoolSizeBytes } from '../../../core/limits/limits.ts'
import { startCache } from '../../../cache/start-cache.ts'
import { adminToken } from '../../../deployment/secrets/admin-token.ts'
import { byRegion } from '../../options/addresses.ts'
import { readOptions } from '../../configuration.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { requireIdentities } from '../../../node/option-contradictions.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { addressesIn, natsAccess } from '../../../deployment/secrets/nats/nats-access.ts'
import { endpointTls } from '../../../deployment/secrets/certificates/served-certificate.ts'
import type { Parent } from '../../../process/process-end.ts'
import { trustAuthority } from '../../../process/requests/trust.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'

export async function runCache(command: Command, json: boolean): Promise<void> {
  await runRole((parent) => serve(command, json, parent))
}

async function serve(command: Command, json: boolean, parent: Parent): Promise<void> {
  requireDescriptors(nodeDescriptorsMin, 'a cache')
  Buffer.poolSize = bufferPoolSizeBytes
  const options = readOptions(command, optionsOf.cache)
  refuseOpenPort(options)
  requireIdentities(options)
  const log = await roleLog({ ...options, fields: { region: options.region, process: 'cache' }, json })
  if (options.upstreamCa !== undefined) trustAuthority(options.upstreamCa)
  const isFollowing = options.mode === 'coherent' || command.getOptionValueSource('nats') !== 'default'
  const cache = await startCache({
    ...options,
    visitors: options,
    // A cache has no data folder of its own: it administers for those whose token it is given.
    adminToken: options.adminTokenFile === undefined ? options.adminToken : adminToken({ ...options, data: '.' }),
    upstream: options.cacheUpstream,
    peerEndpoints: byRegion(options.peerEndpoint),
    nats: isFollowing ? addressesIn(options.nats).map(natsAccess(options).own) : undefined,
    itemTtlMs: options.itemTtl,
    queryTtlMs: options.queryTtl,
    memoryBytes: options.memory,
    tls: endpointTls(options, log),
    dax:
      options.daxPort === undefined
        ? undefined
        : { port: options.daxPort, nodes: options.daxNode, lists: options.daxLists },
    log,
  })
  parent.ready()
  log.info('listening', { url: cache.url, dax: cache.daxUrl, mode: options.mode, upstream: options.cacheUpstream.href })
  await serveUntilEnd(parent, log, () => cache.close())
}
