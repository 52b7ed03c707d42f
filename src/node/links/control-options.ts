/** Where the links are controlled, and with which token, as commands are told it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { servicesOf } from '../data-folder.ts'
import { Failure, messageOf } from '../failure.ts'
import { linksControl } from '../supervisor/layout.ts'
import { LinksControl } from './control-client.ts'

export type TokenOptions = {
  readonly controlToken?: string | undefined
  readonly controlTokenFile?: string | undefined
}

export type ControlledBy = TokenOptions & {
  readonly control: readonly string[]
  readonly data: string
  readonly basePort: number
}

/** What was named; else that of the run on the data folder; else where a run with this base port would have it. */
export function controlOf(options: ControlledBy): LinksControl {
  const { control, data, basePort } = options
  const found = servicesOf(resolve(data))['linksControl'] ?? linksControl(basePort)
  const urls = (control.length === 0 ? [found] : control).map((url) => url.replace(/\/+$/, ''))
  return new LinksControl({ urls, token: tokenOf(options) })
}

/** Throws a Failure when the file cannot be read or has nothing in it. */
export function tokenOf({ controlToken, controlTokenFile }: TokenOptions): string | undefined {
  if (controlToken !== undefined || controlTokenFile === undefined) return controlToken
  let token: string
  try {
    token = readFileSync(controlTokenFile, 'utf8').trim()
  } catch (error) {
    throw new Failure(`the token of the links' control cannot be read: ${messageOf(error)}`)
  }
  if (token.length < 8) throw new Failure(`${controlTokenFile} has no token of at least eight characters`)
  return token
}
