/** The readable form of our lines: time, level, region, event, and the remaining fields on the same line. */
import { isatty } from 'node:tty'
import { PinoPretty } from 'pino-pretty'
import type { PrettyStream } from 'pino-pretty'

/** As wide as the longest name of a region, so that events stand under each other. */
const regionWidth = 14

export function pinoPretty(descriptor: number): PrettyStream {
  return PinoPretty({
    destination: descriptor,
    sync: true,
    colorize: process.env['NO_COLOR'] === undefined && isatty(descriptor),
    messageKey: 'event',
    messageFormat: (line, key) => `${text(line['region']).padEnd(regionWidth)}  ${text(line[key])}`,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'region',
    singleLine: true,
  })
}

function text(field: unknown): string {
  return typeof field === 'string' ? field : ''
}
