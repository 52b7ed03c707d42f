/**
 * Logs by pino, one line an event: JSON, or readable text where a person looks at a terminal. Lines are written
 * synchronously, so that the last line before a crash is there.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import type { Log } from '../../ports/log.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export type PinoLogOptions = {
  readonly level: LogLevel
  /** Text for people instead of JSON lines. */
  readonly readable: boolean
  /** Fields of every line, the region above all. */
  readonly fields?: Readonly<Record<string, unknown>>
  readonly descriptor?: number
  /** Takes the lines, JSON, instead of the descriptor. */
  readonly write?: (line: string) => void
}

/** What makes it readable is imported only where somebody reads: it would take a tenth of a node's start. */
export async function pinoLog({ level, readable, fields = {}, descriptor = 1, write }: PinoLogOptions): Promise<Log> {
  const options = {
    level,
    base: fields,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  }
  if (write !== undefined) return wrap(pino(options, { write: (line) => write(line.trimEnd()) }))
  if (!readable) return wrap(pino(options, pino.destination({ dest: descriptor, sync: true })))
  const { pinoPretty } = await import('./pino-pretty.ts')
  return wrap(pino(options, pinoPretty(descriptor)))
}

function wrap(logger: Logger): Log {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    with: (fields) => wrap(logger.child(fields)),
  }
}
