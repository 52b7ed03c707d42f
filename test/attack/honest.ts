/** A program: clients that do nothing wrong, one for each entrance, each with a small request on a connection of its own ten times a second. */
import { send } from '../conformance/raw-request.ts'
import type { Honest } from './deployment.ts'
import { headersOf, type Keys } from './signing.ts'

export type Client = { readonly name: string; readonly endpoint: string; readonly region: string }

const everyMs = 100
const answerMsMax = 20_000
const body = JSON.stringify({ TableName: 'attacked', Key: { pk: { S: 'honest' } } })
const { clients, keys } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly clients: readonly Client[]
  readonly keys: Keys
}

let figures = new Map<string, { answered: number; failed: number; longestMs: number }>()

function figuresOf(name: string) {
  const found = figures.get(name) ?? { answered: 0, failed: 0, longestMs: 0 }
  figures.set(name, found)
  return found
}

async function ask({ name, endpoint, region }: Client): Promise<void> {
  const started = performance.now()
  const headers = headersOf({ operation: 'GetItem', body, endpoint, region, keys })
  const reply = send({ endpoint, headers: { ...headers, Connection: 'close' }, body }).then(
    ({ status }) => status,
    () => 0,
  )
  const status = await Promise.race([
    reply,
    new Promise<number>((resolve) => setTimeout(resolve, answerMsMax, 0).unref()),
  ])
  const figure = figuresOf(name)
  if (status === 200) figure.answered++
  else figure.failed++
  figure.longestMs = Math.max(figure.longestMs, Math.round(performance.now() - started))
}

async function goOn(client: Client): Promise<never> {
  for (;;) {
    await ask(client)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

for (const client of clients) void goOn(client)
process.on('message', () => {
  const honest: Honest = Object.fromEntries(figures)
  process.send?.(honest)
  figures = new Map()
})
process.on('disconnect', () => process.exit(0))
