/** A region's own NATS server: one standalone process with JetStream, on the loopback, its store in the region's folder. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { dirname, join } from 'node:path'
import { accountLines } from '../../deployment/secrets/nats/nats-accounts.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { natsSettings } from '../../nats-server/nats-settings.ts'
import { identitiesOf } from '../../deployment/secrets/nats/nats-secrets.ts'
import type { MemberPlan } from '../children/members.ts'
import { type DeploymentTls, natsTlsLines } from '../flags/tls-flags.ts'

export function natsArguments({ folder }: MemberPlan): readonly string[] {
  return ['--config', configurationPath(folder)]
}

/** Makes the server's folder and writes its configuration. Throws a Failure that says what cannot be written. */
export function prepareNats({ name, natsPort, folder }: MemberPlan, secrets: string, tls?: DeploymentTls): void {
  const store = join(folder, 'nats')
  const identities = identitiesOf(secrets, name)
  try {
    mkdirSync(store, { recursive: true })
    removeOpenStore(store)
    const settings = natsSettings({ name, listen: `127.0.0.1:${natsPort}`, store })
    writeConfiguration(configurationPath(folder), [
      ...settings,
      ...natsTlsLines(tls),
      ...accountLines(name, identities),
    ])
  } catch (error) {
    throw new Failure(`the folder ${folder} of ${name} cannot be written: ${messageOf(error)}`)
  }
}

/** Replaces the file at one moment, since a server may be reading it. It holds public keys only, and may be read by a server of another user. */
export function writeConfiguration(path: string, lines: readonly string[], mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true })
  const beside = `${path}.${process.pid}`
  writeFileSync(beside, [...lines, ''].join('\n'))
  chmodSync(beside, mode)
  renameSync(beside, path)
}

/** Version 0.1.0 had no accounts: its stream lies under the name of the common one, which no client reaches any more. */
function removeOpenStore(store: string): void {
  const open = join(store, 'jetstream', '$G')
  if (existsSync(open)) rmSync(open, { recursive: true, force: true })
}

const configurationPath = (folder: string): string => join(folder, 'nats.conf')

/** Whether it greets: it does so when it serves. One that speaks TLS tells of a handshake that is broken off, so that is done too. */
export async function natsGreets(port: number, isSecure = false): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.setTimeout(500, () => socket.destroy())
    socket.once('data', () => {
      resolve(true)
      if (isSecure) shakeHands(socket)
      else socket.destroy()
    })
    socket.once('error', () => {})
    socket.once('close', () => resolve(false))
  })
}

function shakeHands(socket: Socket): void {
  socket.setTimeout(0)
  const secured = connectSecurely({ socket, rejectUnauthorized: false }, () => secured.destroy())
  secured.once('error', () => socket.destroy())
}
