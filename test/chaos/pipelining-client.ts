/**
 * Clients below HTTP that write without waiting: each has one connection with some requests in flight, and notes of each
 * request what answered it, if anything did. A connection that ends is opened again.
 */
import { connect, type Socket } from 'node:net'
import { httpText } from '../conformance/raw-socket.ts'

export type Outcome = { readonly id: string; status: number | undefined }

export type LoadOptions = {
  readonly endpoints: readonly string[]
  readonly region: string
  /** Requests written together, before the first is answered. */
  readonly depths: readonly number[]
  readonly valueBytes: number
}

export type Load = {
  readonly outcomes: readonly Outcome[]
  /** No further request is written. Resolves when each is answered, or its connection has ended. */
  stop(): Promise<void>
}

const settleMsMax = 20_000
const reconnectMs = 50

export function startLoad({ endpoints, region, depths, valueBytes }: LoadOptions): Load {
  const outcomes: Outcome[] = []
  const name = Math.random().toString(36).slice(2)
  const load = { stopped: false }
  const next = (): { readonly outcome: Outcome; readonly text: string } => {
    const outcome: Outcome = { id: `${name}-${outcomes.length}`, status: undefined }
    outcomes.push(outcome)
    return { outcome, text: putText(region, outcome.id, valueBytes) }
  }
  const clients = endpoints.flatMap((endpoint) =>
    depths.map(async (depth) => {
      while (!load.stopped) {
        await converse({ endpoint, depth, next, isStopped: () => load.stopped })
        await pause(reconnectMs)
      }
    }),
  )
  return {
    outcomes,
    stop: async () => {
      load.stopped = true
      await Promise.all(clients)
    },
  }
}

type Conversation = {
  readonly endpoint: string
  readonly depth: number
  readonly next: () => { readonly outcome: Outcome; readonly text: string }
  readonly isStopped: () => boolean
}

/** Until the connection ends, or it is told to stop and all is answered. */
async function converse({ endpoint, depth, next, isStopped }: Conversation): Promise<void> {
  const { hostname, port } = new URL(endpoint)
  const waiting: Outcome[] = []
  const socket = connect(Number(port), hostname)
  let received = ''
  const write = (): void => {
    const batch = Array.from({ length: depth }, next)
    waiting.push(...batch.map(({ outcome }) => outcome))
    socket.write(batch.map(({ text }) => text).join(''))
  }
  await new Promise<void>((resolve) => {
    const tooLong = setTimeout(() => socket.destroy(), settleMsMax)
    socket.on('connect', write)
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(tooLong)
      resolve()
    })
    socket.on('data', (chunk) => {
      received = answered(received + chunk.toString('latin1'), waiting)
      if (waiting.length > 0) return
      if (isStopped()) socket.end()
      else writeIfOpen(socket, write)
    })
  })
}

function writeIfOpen(socket: Socket, write: () => void): void {
  if (!socket.destroyed && socket.writable) write()
}

/** Gives each whole reply to the request that it answers; returns the rest. */
function answered(text: string, waiting: Outcome[]): string {
  for (let rest = text; ;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return rest
    const head = rest.slice(0, end)
    const size = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (rest.length < size) return rest
    const outcome = waiting.shift()
    if (outcome !== undefined) outcome.status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1])
    rest = rest.slice(size)
  }
}

function putText(region: string, id: string, valueBytes: number): string {
  const item = { EmployeeID: { S: id }, value: { S: 'x'.repeat(valueBytes) } }
  return httpText(
    {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': 'DynamoDB_20120810.PutItem',
      'X-Amz-Date': '20260101T000000Z',
      Authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    },
    JSON.stringify({ TableName: 'Employees', Item: item }),
  )
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
