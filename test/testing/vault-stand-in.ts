/** A stand-in for the transit engine of Vault that follows its API documentation: keys with versions, encrypt, decrypt, tokens, namespaces. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type VaultStandIn = {
  readonly url: string
  readonly token: string
  /** Makes the key, or another version of it. */
  rotate(name: string): void
  remove(name: string): void
  seal(isSealed: boolean): void
  readonly requests: readonly string[]
  close(): Promise<void>
}

type Body = { readonly plaintext?: string; readonly ciphertext?: string; readonly associated_data?: string }

export async function vaultStandIn({ namespace = '' } = {}): Promise<VaultStandIn> {
  const token = 'hvs.of-tests'
  const keys = new Map<string, Buffer[]>()
  const requests: string[] = []
  let isSealed = false
  const answer = (request: IncomingMessage, body: Body): readonly [status: number, body: object] => {
    if (isSealed) return [503, { errors: ['Vault is sealed'] }]
    if (request.headers['x-vault-token'] !== token) return [403, { errors: ['permission denied'] }]
    if ((request.headers['x-vault-namespace'] ?? '') !== namespace)
      return [404, { errors: ['no handler for route "transit"'] }]
    const [, operation, name = ''] = /^\/v1\/transit\/(keys|encrypt|decrypt)\/([^/]+)$/.exec(request.url ?? '') ?? []
    const versions = keys.get(name)
    if (operation === 'keys')
      return versions === undefined ? [404, { errors: [] }] : [200, { data: described(versions) }]
    if (versions === undefined) return [400, { errors: ['encryption key not found'] }]
    const aad = Buffer.from(body.associated_data ?? '', 'base64')
    if (operation === 'encrypt') {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!, nonce).setAAD(aad)
      const bytes = [
        nonce,
        cipher.update(Buffer.from(body.plaintext ?? '', 'base64')),
        cipher.final(),
        cipher.getAuthTag(),
      ]
      return [200, { data: { ciphertext: `vault:v${versions.length}:${Buffer.concat(bytes).toString('base64')}` } }]
    }
    const [, version, text = ''] = /^vault:v(\d+):(.+)$/.exec(body.ciphertext ?? '') ?? []
    const key = versions[Number(version) - 1]
    if (key === undefined) return [400, { errors: ['invalid ciphertext: no prefix'] }]
    try {
      const bytes = Buffer.from(text, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      decipher.setAAD(aad).setAuthTag(bytes.subarray(-16))
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
      return [200, { data: { plaintext: plain.toString('base64') } }]
    } catch {
      return [400, { errors: ['cipher: message authentication failed'] }]
    }
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      const text = Buffer.concat(parts).toString()
      const [status, body] = answer(request, (text === '' ? {} : JSON.parse(text)) as Body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    rotate: (name) => void keys.set(name, [...(keys.get(name) ?? []), randomBytes(32)]),
    remove: (name) => void keys.delete(name),
    seal: (to) => void (isSealed = to),
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const described = (versions: readonly Buffer[]): object => ({
  type: 'aes256-gcm96',
  derived: false,
  keys: Object.fromEntries(versions.map((_, at) => [String(at + 1), 1_442_851_412])),
  latest_version: versions.length,
  supports_encryption: true,
  supports_decryption: true,
})
