/** A server that listens, or says why it cannot. */
import { chmodSync, rmSync, statSync } from 'node:fs'
import type { ListenOptions, Server } from 'node:net'

export async function listening(server: Server, host: string, port: number): Promise<void> {
  await listeningAt(server, { host, port })
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number }

/** At a path, a socket that an earlier process has left is replaced, and the new one is its owner's alone. */
export async function listeningAt(server: Server, at: Place): Promise<void> {
  if ('path' in at && statSync(at.path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(at.path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at as ListenOptions, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  if ('path' in at) chmodSync(at.path, 0o600)
}
