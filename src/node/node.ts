/** Stand-in. */
import { createServer } from 'node:http'
import type { Log } from '../ports/log.ts'
import type { Region } from '../core/topology.ts'

export type NodeOptions = {
  readonly self: Region
  readonly peers: readonly (Region & { readonly url: string })[]
  readonly host: string
  readonly port: number
  readonly data: string
  readonly nats: string
  readonly accountId: string
  readonly tableTransitionMs: number
  readonly log: Log
  readonly onBrokenInvariant: (error: Error) => void
}

export async function startNode(options: NodeOptions): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((_, response) => response.end('{"status":"ok"}'))
  await new Promise<void>((resolve) => {
    server.listen(options.port, options.host, resolve)
  })
  return {
    url: `http://${options.host}:${options.port}`,
    close: async () =>
      await new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}
