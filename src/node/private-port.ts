/** The private listener of a node, by its options, and its policy, which is followed while the node runs. */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Named } from '../core/access/evaluate-policies.ts'
import { parsePolicyText } from '../core/access/parse-policy.ts'
import { followFile } from '../deployment/secrets/followed-file.ts'
import type { PrivateListener } from '../http/private-listener.ts'
import type { Log } from '../ports/log.ts'
import { Failure, messageOf } from '../process/failure.ts'
import type { Lifecycle } from '../region/lifecycle.ts'

export type PrivateOptions = {
  /** `unix:PATH`, or HOST:PORT. */
  readonly privateListen?: string | undefined
  /** A file with a policy; all is allowed without one. */
  readonly privatePolicy?: string | undefined
  readonly privateId?: string | undefined
}

type Private = { readonly listener: PrivateListener; readonly policy: (() => Named | undefined) | undefined }

const idDigits = 17

/** Undefined where none is asked for. Throws a Failure for a policy that cannot be read. */
export function openPrivateListener(
  {
    privateListen,
    privatePolicy,
    privateId,
    self,
    log,
  }: PrivateOptions & { readonly self: { readonly name: string }; readonly log: Log },
  life: Lifecycle,
): Private | undefined {
  if (privateListen === undefined) return undefined
  const id = privateId ?? privateIdOf(self.name, privateListen)
  log.info('the private listener', { at: privateListen, endpoint: id })
  const listener = { id, at: placeOf(privateListen) }
  if (privatePolicy === undefined) return { listener, policy: undefined }
  const followed = followFile({
    path: privatePolicy,
    what: 'endpoint policy',
    read,
    told: () => ({ endpoint: id }),
    log,
  })
  life.add(() => followed.stop())
  return { listener, policy: followed.current }
}

export const privateIdOf = (region: string, privateListen: string): string =>
  `vpce-${hash('sha256', `${region} ${privateListen}`).slice(0, idDigits)}`

/** Where the balancer of a region reaches the private listener of one of its nodes. */
export const privatePlaceOf = (ofRegion: string, node: string): string => `${ofRegion}.${node}`

function placeOf(text: string): PrivateListener['at'] {
  if (text.startsWith('unix:')) return { path: resolve(text.slice('unix:'.length)) }
  const [, bracketed, host = bracketed ?? '', port] = /^(?:\[(.+)\]|([^[\]:]+)):(\d+)$/.exec(text) ?? []
  return { host, port: Number(port) }
}

function read(path: string): Named {
  try {
    return { name: `the endpoint policy ${path}`, policy: parsePolicyText(readFileSync(path, 'utf8'), 'resource') }
  } catch (error) {
    throw new Failure(`the endpoint policy ${path}: ${messageOf(error)}`)
  }
}
