/**
 * Which links a process is to open, from a file, from flags, or both (docs/operating/links.md has the form). What is not said of a
 * link is the distance of regions/latency.json and nothing else.
 */
import { z } from 'zod'
import { Failure } from '../process/failure.ts'
import { readJsonFile } from '../process/files/json-file.ts'
import type { Address } from './link-port.ts'
import type { LinkPlan } from './links.ts'
import { bandwidthFrom, delayFrom, stallFrom } from './quantities.ts'
import { plainShape } from './lane/link-shape.ts'
import type { Shape } from './lane/link-shape.ts'

const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name like us-east-1')

/** The figures of a link as they are written. */
export const shapeTexts = z.object({
  rtt: quantity(delayFrom, 'a time such as 120ms'),
  jitter: quantity(delayFrom, 'a time such as 10ms'),
  bandwidth: quantity(bandwidthFrom, 'a rate such as 50mbit, or none'),
  stall: quantity(stallFrom, 'a share and a time such as 5%/300ms, or none'),
})

const row = shapeTexts.extend({
  from: name,
  to: name,
  listen: z.union([z.int().min(0).max(65_535), z.string()]),
  target: z.string(),
})
const planFile = z.strictObject({ links: z.array(row.strict()) })
export type PlanRow = z.input<typeof row>

export type PlanOptions = {
  readonly file?: string | undefined
  /** us-east-1..eu-west-1=4301:nats-eu-west-1:4222 */
  readonly flags: readonly string[]
  /** For links that do not say on which address they listen. */
  readonly host: string
  readonly roundTripMs: (from: string, to: string) => number
}

/** Throws a Failure that says what is wrong with which link. */
export function readPlan({ file, flags, host, roundTripMs }: PlanOptions): readonly LinkPlan[] {
  const rows = [...(file === undefined ? [] : rowsOfFile(file)), ...flags.map(rowOfFlag)]
  return rows.map(({ from, to, listen, target, ...texts }) => ({
    from,
    to,
    listen: listenAddress(listen, host),
    target: addressFrom(target),
    shape: { ...plainShape, roundTripMs: roundTripMs(from, to), ...changeFrom(texts) },
  }))
}

/** What is given of the figures, as a change of a shape. */
export function changeFrom({ rtt, jitter, bandwidth, stall }: z.output<typeof shapeTexts>): Partial<Shape> {
  return {
    ...(rtt === undefined ? {} : { roundTripMs: rtt }),
    ...(jitter === undefined ? {} : { jitterMs: jitter }),
    ...(bandwidth === undefined ? {} : { bandwidthBitsPerSecond: bandwidth }),
    ...(stall === undefined ? {} : { stall }),
  }
}

function quantity<T>(from: (text: string) => T | undefined, wanted: string) {
  return z
    .union([z.string(), z.number()])
    .transform((given, context): T => {
      const value = from(String(given))
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: `${wanted} is wanted, not "${given}"` })
      return z.NEVER
    })
    .optional()
}

function rowsOfFile(path: string): readonly z.output<typeof row>[] {
  return readJsonFile(path, planFile).links
}

function rowOfFlag(text: string): z.output<typeof row> {
  const [, from, to, listen, target] = /^([a-z0-9-]+)\.\.([a-z0-9-]+)=(\d+):(\S+)$/.exec(text) ?? []
  if (from === undefined || to === undefined || listen === undefined || target === undefined)
    throw new Failure(`--link is "${text}": FROM..TO=PORT:HOST:PORT is wanted`)
  return { from, to, listen: Number(listen), target }
}

function listenAddress(listen: string | number, host: string): Address {
  return typeof listen === 'number' ? { host, port: listen } : addressFrom(listen)
}

/** host:port, also [::1]:4222. */
function addressFrom(text: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65_535) throw new Failure(`"${text}" is no address: HOST:PORT is wanted`)
  return { host, port: Number(port) }
}
