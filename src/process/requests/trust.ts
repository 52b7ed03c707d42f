/**
 * Whom this process believes when it asks an address at https://: the authorities of the system, and that of the deployment, once its file has been named. The file
 * is looked at with every connection, so that an authority that was changed needs no restart.
 */
import { readFileSync, statSync } from 'node:fs'
import { Agent } from 'node:https'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { Failure, messageOf } from '../failure.ts'

let file: string | undefined
let known: { readonly state: string; readonly context: SecureContext } | undefined

/** Throws a Failure when the file cannot be used. */
export function trustAuthority(path: string): void {
  try {
    known = { state: stateOf(path), context: contextWith(path) }
    file = path
  } catch (error) {
    throw new Failure(`the authority ${path} cannot be used: ${messageOf(error)}`)
  }
}

/** Keeps connections to https:// addresses. One that is given an authority itself believes no other. */
export class SecureAgent extends Agent {
  override createConnection(...[options, connected]: Parameters<Agent['createConnection']>) {
    return super.createConnection({ ...trusting(options), ...options }, connected)
  }
}

function trusting(options: object): { readonly secureContext?: SecureContext } {
  if (file === undefined || ('ca' in options && options.ca !== undefined)) return {}
  try {
    const state = stateOf(file)
    if (known?.state !== state) known = { state, context: contextWith(file) }
  } catch {
    // Between two files, or gone: what was read last goes on.
  }
  return known === undefined ? {} : { secureContext: known.context }
}

function contextWith(path: string): SecureContext {
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  const own = [path, ...(extra === undefined ? [] : [extra])].map((each) => readFileSync(each, 'utf8'))
  return createSecureContext({ ca: [...rootCertificates, ...own] })
}

function stateOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${mtimeMs} ${size} ${ino}`
}
