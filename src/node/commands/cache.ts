/** `longitude cache`: a cache with DAX's semantics before one region, on a port of its own. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { bufferPoolSizeBytes } from '../../core/limits.ts'
import { pinoLog } from '../../adapters/pino-log.ts'
import { startCache } from '../cache.ts'
import { optionsOf, readOptions } from '../configuration.ts'
import { Failure, exitCode, messageOf } from '../failure.ts'
import { endpointTls, natsAccess } from '../nats-access.ts'
import { childOf } from '../process-end.ts'

/** For requests under way. */
const closeMsMax = 9000

export async function runCache(command: Command): Promise<void> {
  const parent = childOf()
  try {
    await serve(command, parent)
    parent.exit()
  } catch (error) {
    if (error instanceof Failure && (await parent.failed(error.message))) process.exit(exitCode.failure)
    throw error
  }
}

async function serve(command: Command, parent: ReturnType<typeof childOf>): Promise<void> {
  Buffer.poolSize = bufferPoolSizeBytes
  const options = readOptions(command, optionsOf.cache)
  const readable = (options.logFormat ?? (process.stdout.isTTY ? 'text' : 'json')) === 'text'
  const log = await pinoLog({
    level: options.logLevel ?? 'info',
    readable,
    fields: { region: options.region, process: 'cache' },
  })
  const isFollowing = options.mode === 'coherent' || command.getOptionValueSource('nats') !== 'default'
  const cache = await startCache({
    ...options,
    upstream: options.cacheUpstream,
    ca: options.upstreamCa === undefined ? undefined : authorities(options.upstreamCa),
    nats: isFollowing ? natsAccess(options).own(options.nats) : undefined,
    itemTtlMs: options.itemTtl,
    queryTtlMs: options.queryTtl,
    memoryBytes: options.memory,
    tls: endpointTls(options),
    log,
  })
  parent.ready()
  log.info('listening', { url: cache.url, mode: options.mode, upstream: options.cacheUpstream.href })
  const reason = await parent.end
  log.info('stopping', { reason })
  const hard = setTimeout(() => {
    log.error('does not stop in time')
    process.exit(exitCode.failure)
  }, closeMsMax).unref()
  await cache.close()
  clearTimeout(hard)
  log.info('stopped')
}

function authorities(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`--upstream-ca ${path}: ${messageOf(error)}`)
  }
}
