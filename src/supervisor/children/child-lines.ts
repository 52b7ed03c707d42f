/**
 * The lines of all children in one log. Nodes write JSON lines that name their region; NATS servers write text, of which
 * only complaints are of interest; what else comes out (a stack of Node itself) is passed on as a warning.
 */
import { writeSync } from 'node:fs'
import { pinoPretty } from '../../adapters/system/pino-pretty.ts'
import type { Log } from '../../ports/log.ts'

export type LineSink = (line: string) => void

/** Where our own lines go too: the error stream, since the output is the command's answer. */
export function lineSink(readable: boolean): LineSink {
  if (!readable) return (line) => process.stderr.write(`${line}\n`)
  const pretty = pinoPretty(2)
  return (line) => pretty.write(`${line}\n`)
}

/** Into a file, as they are. */
export function lineSinkTo(descriptor: number): LineSink {
  return (line) => void writeSync(descriptor, `${line}\n`)
}

export function nodeLines(sink: LineSink, log: Log): (line: string) => void {
  return (line) => {
    if (line.startsWith('{')) sink(line)
    else if (line.trim() !== '') log.warn('printed', { line })
  }
}

const natsLine = /^\[\d+\] \S+ \S+ \[(\w{3})\] (.*)$/

/** Its warnings are advice on settings that were chosen on purpose, and connections that come and go. */
export function natsLines(log: Log): (line: string) => void {
  return (line) => {
    const [, level, text = line] = natsLine.exec(line) ?? []
    if (level === 'ERR' || level === 'FTL') log.warn(text)
    else log.debug(text)
  }
}
