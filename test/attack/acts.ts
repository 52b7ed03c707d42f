/** What attacks are made of: the entrances that they are made on, and how their bytes get there. */
import { httpText } from '../conformance/raw-socket.ts'
import { Line, note, pause, type Tally } from './line.ts'

export type Entrance = {
  readonly name: string
  /** `nodes`: of a node, for the other nodes of its region. */
  readonly kind: 'api' | 'control' | 'dax' | 'nodes'
  readonly endpoint: string
  /** Headers of a request of the API as its clients sign it. */
  readonly headers: (operation: string, body: string | Buffer) => Readonly<Record<string, string>>
  /** The same for another service of AWS at the API's port. */
  readonly serviceHeaders: (request: ServiceRequest) => Readonly<Record<string, string>>
  /** What a DAX client sends first: its greeting, and the authorization of its connection. */
  readonly opening: () => Buffer
  /** What the administration of this deployment asks for. */
  readonly token: string
}

export type ServiceRequest = {
  /** As signatures name it. */
  readonly service: string
  /** Signed, as all that a client sends. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  readonly path?: string
}

export type Strength = {
  /** Of the numbers of connections and requests. */
  readonly part: number
  /** How long slow clients go on. */
  readonly holdMs: number
}

export type Attack = {
  readonly name: string
  readonly at: readonly Entrance['kind'][]
  readonly run: (entrance: Entrance, strength: Strength, tally: Tally) => Promise<void>
}

export const MB = 1024 * 1024
export const answerMsMax = 30_000

export const bearer = (token: string): Readonly<Record<string, string>> => ({
  Authorization: `Bearer ${token}`,
  'Content-Type': 'application/json',
})

export async function unfinished(
  entrance: Entrance,
  count: number,
  holdMs: number,
  tally: Tally,
  start: string | Buffer,
): Promise<void> {
  await many(count, async () => {
    const line = new Line(entrance.endpoint, tally)
    await Promise.race([line.write(start), pause(holdMs)])
    await pause(holdMs)
    note(tally, line.open ? 'still open' : 'let go')
    line.end()
  })
}

export async function streamed(
  entrance: Entrance,
  headers: Readonly<Record<string, string>>,
  tally: Tally,
  bytes: readonly Buffer[],
): Promise<void> {
  const line = new Line(entrance.endpoint, tally)
  const length = bytes.reduce((sum, { length: size }) => sum + size, 0)
  await line.write(headOf({ ...headers, 'Content-Length': String(length) }))
  for (const chunk of bytes) if (line.open) await line.write(chunk)
  await line.replies(1, answerMsMax)
  line.end()
}

export async function asked(
  entrance: Entrance,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
  tally: Tally,
  path = '/',
): Promise<void> {
  const line = new Line(entrance.endpoint, tally)
  const bytes = Buffer.from(body)
  const head = httpText({ ...headers, 'Content-Length': String(bytes.length) }, '', `POST ${path} HTTP/1.1`)
  await line.write(Buffer.concat([Buffer.from(head), bytes]))
  await line.replies(1, answerMsMax)
  line.end()
}

export function parts(sizeBytes: number, filler: string): readonly Buffer[] {
  return Array.from({ length: sizeBytes / MB }, () => Buffer.alloc(MB, filler))
}

export function headOf(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST / HTTP/1.1\r\n${lines.join('')}\r\n`
}

export async function many(count: number, run: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, run))
}

export function scaled(count: number, part: number): number {
  return Math.max(1, Math.ceil(count * part))
}
