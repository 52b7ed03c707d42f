/** Where the links are controlled, and with which token, as commands are told it. */
import { resolve } from 'node:path'
import { type AdminTokenOptions, foundToken } from '../../deployment/secrets/admin-token.ts'
import { servicesOf } from '../../deployment/data-folder.ts'
import { linksControl } from '../../deployment/layout.ts'
import { LinksControl } from './links-client.ts'

export type ControlledBy = AdminTokenOptions & {
  readonly control: readonly string[]
  readonly basePort: number
  /** The ports were named, and no folder: what runs on the usual folder is not meant. */
  readonly byPorts?: boolean
  /** Who names an authority asks by HTTPS, where nothing says how the control is asked. */
  readonly tlsCa?: string | undefined
}

/** What was named; else that of the run on the data folder; else where a run with this base port would have it. */
export function controlOf(options: ControlledBy): LinksControl {
  const { control, data, basePort, byPorts = false, tlsCa } = options
  const running = byPorts ? undefined : servicesOf(resolve(data))['linksControl']
  const found = running ?? linksControl(basePort, tlsCa !== undefined)
  const urls = (control.length === 0 ? [found] : control).map((url) => url.replace(/\/+$/, ''))
  return new LinksControl({ urls, token: foundToken(options) })
}
