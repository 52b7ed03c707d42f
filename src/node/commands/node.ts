/** `longitude node`: one region's node alone; what a container runs, and what `up` runs for every region. */
import type { Command } from 'commander'
import { InvariantViolation } from '../../core/assert.ts'
import { bufferPoolSizeBytes } from '../../core/limits.ts'
import { pinoLog } from '../../adapters/pino-log.ts'
import { optionsOf, readOptions } from '../configuration.ts'
import { Failure, exitCode, messageOf } from '../failure.ts'
import { certificatesOf, endpointTls, natsAccess } from '../nats-access.ts'
import { startNode } from '../node.ts'
import { childOf } from '../process-end.ts'
import { readRegions } from '../regions.ts'

/** For what has been accepted to be answered and the store to be closed. */
const closeMsMax = 9000

export async function runNode(command: Command): Promise<void> {
  const parent = childOf()
  try {
    await serve(command, parent)
    parent.exit()
  } catch (error) {
    // A supervisor says it to the person; nobody is to read it twice.
    if (error instanceof Failure && (await parent.failed(error.message))) process.exit(exitCode.failure)
    throw error
  }
}

async function serve(command: Command, parent: ReturnType<typeof childOf>): Promise<void> {
  Buffer.poolSize = bufferPoolSizeBytes
  const options = readOptions(command, optionsOf.node)
  const known = readRegions(options.regionsFolder)
  const self = known.named(options.region)
  const readable = (options.logFormat ?? (process.stdout.isTTY ? 'text' : 'json')) === 'text'
  const log = await pinoLog({ level: options.logLevel ?? 'info', readable, fields: { region: self.name } })
  const broken = brokenInvariant((error) => log.error('broken invariant: this node stops', { error }))
  const tls = endpointTls(options)
  const node = await startNode({
    ...options,
    natsAccess: natsAccess(options),
    tls,
    certificates: certificatesOf(options),
    self: { name: self.name, number: self.number },
    peers: options.peer.map(({ region, url }) => ({ name: region, number: known.named(region).number, url })),
    readRegions: () => readRegions(options.regionsFolder).all,
    log,
    onBrokenInvariant: broken,
  })
  parent.ready()
  log.info('listening', { url: node.url })
  const reason = await parent.end
  log.info('stopping', { reason })
  const hard = setTimeout(() => {
    log.error('does not stop in time')
    process.exit(exitCode.failure)
  }, closeMsMax).unref()
  await node.close()
  clearTimeout(hard)
  log.info('stopped')
}

/** A node that has caught itself wrong must not go on; the supervisor, or the container's, starts it again from its disk. */
function brokenInvariant(tell: (error: Error) => void): (error: Error) => never {
  const stop = (error: Error): never => {
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
