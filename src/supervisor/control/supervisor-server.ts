/**
 * What `longitude up` lets a drill do, over the loopback. It is as strong as a shell of the person who runs the regions, so
 * it asks for the deployment's token, which only that person can read. The port lies in the data folder.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startControl } from '../../deployment/control/call-server.ts'
import type { PortCertificate } from '../../http/secure.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { type ControlFile, controlFileName, type Diagnosis, supervisorCalls } from './supervisor-calls.ts'
import type { Faults } from '../supervised-faults.ts'

export type ControlServerOptions = {
  readonly data: string
  readonly port: number
  readonly token: string
  readonly tls?: PortCertificate | undefined
  readonly faults: Faults
  /** Where the links are controlled. */
  readonly links: string
  readonly endpoints: Readonly<Record<string, string>>
  readonly diagnosis: () => Diagnosis
}

export type ControlServer = { close(): Promise<void> }

/** Rejects with a Failure when the folder cannot be written or no port be had. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { data, port, token, tls, faults, links, endpoints, diagnosis } = options
  const control = await startControl({
    calls: supervisorCalls,
    handlers: {
      diagnosis,
      regions: () => ({ regions: faults.states, faults: faults.active }),
      break: (request) => faults.break(request),
      heal: async (of) => ({ healed: await faults.heal(of) }),
      lease: ({ owner, forMs }) => {
        faults.lease(owner, forMs)
        return {}
      },
    },
    listen: { host: '127.0.0.1', port },
    token,
    tls,
    whose: 'the control of `longitude up`',
  })
  const path = join(data, controlFileName)
  const file: ControlFile = {
    port: control.port,
    scheme: tls === undefined ? 'http' : 'https',
    links,
    nodes: { ...endpoints },
  }
  try {
    rmSync(path, { force: true })
    writeFileSync(path, JSON.stringify(file), { mode: 0o600 })
  } catch (error) {
    await control.close()
    throw new Failure(`the data folder ${data} cannot be written: ${messageOf(error)}`)
  }
  return {
    close: async () => {
      rmSync(path, { force: true })
      await control.close()
    },
  }
}
