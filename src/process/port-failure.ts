/** Why a port cannot be listened on. */
import { Failure, codeOf, messageOf } from './failure.ts'

/** A Failure for what the system says; anything else as it is. */
export function portFailure(error: unknown, { host, port }: { readonly host: string; readonly port: number }): unknown {
  if (codeOf(error) === 'EADDRINUSE') return new Failure(`port ${port} on ${host} is in use by another program`)
  if (codeOf(error) === undefined) return error
  return new Failure(`cannot listen on ${host}, port ${port}: ${messageOf(error)}`)
}
