/** What strangers send to the port at which the nodes of a region know each other by their secret. */
import { randomBytes } from 'node:crypto'
import { type Attack, many, MB, scaled } from './acts.ts'
import { Line } from './line.ts'

const lines: readonly (readonly [name: string, bytes: () => string | Buffer])[] = [
  [
    'a guessed secret',
    () => `${JSON.stringify({ kind: 'requests', secret: randomBytes(32).toString('base64url') })}\n`,
  ],
  ['no secret', () => '{"kind":"store"}\n'],
  ['a secret that is no text', () => '{"kind":"store","secret":{"length":43}}\n'],
  ['brackets within each other', () => `${'['.repeat(60_000)}\n`],
  ['no end', () => Buffer.alloc(MB, '{')],
  ['frames at once', () => Buffer.alloc(MB, 0xff)],
  ['HTTP', () => 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['TLS', () => Buffer.from('16030100c8010000c40303', 'hex')],
]

export const nodeAttacks: readonly Attack[] = [
  {
    name: 'first lines of any form',
    at: ['nodes'],
    run: async (entrance, { part }, tally) => {
      for (const [, bytes] of lines)
        await many(scaled(200, part), async () => {
          const line = new Line(entrance.endpoint, tally)
          await line.write(bytes())
          await line.bytes(1, 2000)
          line.end()
        })
    },
  },
]
