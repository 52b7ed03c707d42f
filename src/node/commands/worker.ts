/** `longitude worker`, hidden: a further process of a region, started by the one that owns the writes. */
import { pinoLog } from '../../adapters/pino-log.ts'
import { bufferPoolSizeBytes } from '../../core/limits.ts'
import { runWorker } from '../workers/worker.ts'

export async function runWorkerCommand(): Promise<void> {
  Buffer.poolSize = bufferPoolSizeBytes
  // Ctrl-C in a terminal reaches every process; who owns the writes tells when it is time.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  runWorker(await pinoLog({ level: 'warn', readable: false, fields: { room: 'worker' } }))
}
