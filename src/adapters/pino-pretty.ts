/** The readable form of our lines: time, level, region, event, and the remaining fields on the same line. */
import { PinoPretty } from 'pino-pretty'
import type { PrettyStream } from 'pino-pretty'

export function pinoPretty(descriptor: number): PrettyStream {
  return PinoPretty({
    destination: descriptor,
    sync: true,
    colorize: process.env['NO_COLOR'] === undefined,
    messageKey: 'event',
    messageFormat: (line, key) => (line['region'] === undefined ? `${line[key]}` : `${line['region']}  ${line[key]}`),
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'region',
    singleLine: true,
  })
}
