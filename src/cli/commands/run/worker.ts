/** `longitude worker`, hidden: a further process of a region, started by the one that owns the writes. */
import { pinoLog } from '../../../adapters/system/pino-log.ts'
import { bufferPoolSizeBytes } from '../../../core/limits/limits.ts'
import { runWorker } from '../../../node/workers/worker.ts'

export async function runWorkerCommand(): Promise<void> {
  Buffer.poolSize = bufferPoolSizeBytes
  // Ctrl-C in a terminal reaches every process; the owner of the writes says when it is time.
  process.on('SIGINT', () => {})
  runWorker(await pinoLog({ level: 'warn', readable: false, fields: { room: 'worker' } }))
}
