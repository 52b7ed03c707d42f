/**
 * A listener of its own for clients that are let in by another way than others: a unix socket, or an address, as a VPC endpoint is. It serves DynamoDB's API and nothing
 * else. Requests that come by it carry its name, so that policies can ask for it, and its own policy is asked too.
 */
import type { Socket } from 'node:net'

export type PrivateListener = {
  /** `vpce-…`, the value of aws:SourceVpce. */
  readonly id: string
  readonly at: { readonly path: string } | { readonly host: string; readonly port: number }
}

const names = new WeakMap<Socket, string>()

/** Which private listener the connection came by; undefined for the endpoint that all clients know. */
export function listenerOf(socket: Socket): string | undefined {
  return names.get(socket)
}

export function cameBy(socket: Socket, { id }: Pick<PrivateListener, 'id'>): void {
  names.set(socket, id)
}

/** What a private listener answers beside the API: a look whether it is there. */
export function isServedPrivately(url = '/'): boolean {
  const [path = '/'] = url.split('?')
  return path === '/' || path === '/ping' || path === '/health'
}
