/** Key services that a region asks: an endpoint of AWS KMS (ours), and a Vault (a stand-in), with all that may go wrong on the way. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AesKeySeal } from '../../src/adapters/encryption/key-seal.ts'
import { KmsKeys } from '../../src/adapters/keys/kms-keys.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { keyServiceAnswerBytesMax, keyServiceTriesMax } from '../../src/core/limits/key-limits.ts'
import { type KmsKeys as Kept, noKeys } from '../../src/core/kms/key-states.ts'
import { readKeyService, type ToldKeys } from '../../src/deployment/secrets/keys/key-service-file.ts'
import { KeyringFile, makeKeyring } from '../../src/deployment/secrets/keys/keyring-file.ts'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { openEncryption } from '../../src/node/store/encryption.ts'
import { ServiceKeyring } from '../../src/node/store/service-keyring.ts'
import { Kms } from '../../src/operations/kms/kms.ts'
import { kmsEntry } from '../../src/operations/kms/kms-entry.ts'
import { KeyUnavailable } from '../../src/ports/keyring.ts'
import { KeyRefusal } from '../../src/ports/key-service.ts'
import type { Log } from '../../src/ports/log.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { type VaultStandIn, vaultStandIn } from './vault-stand-in.ts'

const region = 'eu-west-1'
const accountId = '000000000000'
const secret = { accessKeyId: 'AKIAKEYS', secretAccessKey: 'a secret of the region' }
const dataKey = systemRandom.bytes(32)
const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} } as unknown as Log

let folder = ''
let opened: ToldKeys | undefined

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'keys-'))))
afterEach(() => {
  opened?.keys.close()
  opened = undefined
  rmSync(folder, { recursive: true })
})

function told(content: object): ToldKeys {
  const path = join(folder, 'service.json')
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 })
  return (opened = readKeyService(path, { region, accountId }))
}

describe('an endpoint of AWS KMS', () => {
  let all: Kept = noKeys
  const kms = new Kms({
    place: { region, accountId },
    clock: { wallMs: () => Date.now() },
    random: systemRandom,
    seal: new AesKeySeal(systemRandom),
    kept: { current: () => all, replace: (next) => void (all = next) },
  })
  let cluster: EmbeddedCluster
  let endpoint = ''
  let arn = ''

  beforeAll(async () => {
    const credentials = new Map([[secret.accessKeyId, secret]])
    const api = { credentials: () => credentials, services: [kmsEntry(kms)] }
    cluster = await EmbeddedCluster.made({ regions: [region] }, { api })
    endpoint = await cluster.endpoint(region)
  })
  afterAll(() => cluster.close())
  beforeEach(() => {
    all = noKeys
    const made = kms.run('CreateKey', {}) as { readonly KeyMetadata: { readonly Arn: string } }
    arn = made.KeyMetadata.Arn
    kms.run('CreateAlias', { AliasName: `alias/longitude-${region}`, TargetKeyId: arn })
  })

  const service = () => told({ kind: 'kms', endpoint, key: 'alias/longitude-REGION', ...secret })
  const keyring = (): ServiceKeyring => {
    const { keys, key } = service()
    return new ServiceKeyring(keys, key!)
  }

  test('wraps a data key for one context, and opens it after a rotation', async () => {
    const ring = keyring()
    expect(await ring.newest()).toBe(arn)
    const wrapped = await ring.wrap(dataKey, 'a store')
    expect(wrapped.by).toBe(arn)
    kms.run('RotateKeyOnDemand', { KeyId: arn })
    expect(await ring.unwrap(wrapped, 'a store')).toEqual(dataKey)
    await expect(ring.unwrap(wrapped, 'another')).rejects.toThrow('the key service refuses: InvalidCiphertextException')
  })

  test('refuses with a key that is disabled, and again serves when it is enabled', async () => {
    const ring = keyring()
    const wrapped = await ring.wrap(dataKey, 'a store')
    kms.run('DisableKey', { KeyId: arn })
    await expect(ring.newest()).rejects.toThrow(`the key ${arn} is Disabled`)
    await expect(opened!.keys.decrypt(arn, wrapped.bytes, {})).rejects.toThrow(
      new KeyRefusal('DisabledException', `${arn} is disabled.`),
    )
    kms.run('EnableKey', { KeyId: arn })
    expect(await ring.unwrap(wrapped, 'a store')).toEqual(dataKey)
  })

  test('that takes our signature for a wrong one says nothing of the key', async () => {
    const { keys } = told({ kind: 'kms', endpoint, ...secret, secretAccessKey: 'another' })
    await expect(keys.describe(arn)).rejects.toThrow(KeyUnavailable)
  })

  test('takes over a region whose keys a file has wrapped', async () => {
    const files = { self: { name: region }, data: folder, messageKeysFolder: join(folder, 'message-keys') }
    makeMessageKeys(files.messageKeysFolder, [region])
    const keyringPath = join(folder, 'keyring')
    makeKeyring(keyringPath)
    const before = await openEncryption({ ...files, keyring: keyringPath }, quiet)
    const to = service()
    const both = await openEncryption({ ...files, keyring: keyringPath }, quiet, to)
    expect(both?.keys.secrets).toEqual(before?.keys.secrets)
    expect(await both?.keys.rewrap()).toBe(1)
    const after = await openEncryption(files, quiet, to)
    expect(after?.keys.secrets).toEqual(before?.keys.secrets)
    expect(KeyringFile.hasNamed(arn)).toBe(false)
    await expect(openEncryption(files, quiet)).rejects.toThrow('give the --keyring or the --key-service')
  })

  test('shows by a metric that the region’s key cannot be had, and that it is back', async () => {
    const files = { self: { name: region }, data: folder, messageKeysFolder: join(folder, 'message-keys') }
    makeMessageKeys(files.messageKeysFolder, [region])
    const encryption = await openEncryption(files, quiet, service())
    const gauged = async (): Promise<number> =>
      await new Promise((resolve) => {
        encryption?.watch({ gauge: (_, value) => resolve(value) })
      })
    expect(await gauged()).toBe(0)
    kms.run('DisableKey', { KeyId: arn })
    expect(await gauged()).toBe(1)
    kms.run('EnableKey', { KeyId: arn })
    expect(await gauged()).toBe(0)
    encryption?.stop()
  })
})

describe('a Vault', () => {
  let vault: VaultStandIn
  const tokenFile = (): string => join(folder, 'token')
  const token = (text: string, mode = 0o600): void => {
    writeFileSync(tokenFile(), `${text}\n`, { mode })
    chmodSync(tokenFile(), mode)
  }
  const keyring = (): ServiceKeyring => {
    const { keys, key } = told({
      kind: 'vault',
      endpoint: vault.url,
      namespace: 'team',
      tokenFile: tokenFile(),
      key: 'longitude',
    })
    return new ServiceKeyring(keys, key!)
  }

  beforeEach(async () => {
    vault = await vaultStandIn({ namespace: 'team' })
    vault.rotate('longitude')
    token(vault.token)
  })
  afterEach(() => vault.close())

  test('wraps a data key for one context, and says when it has been rotated', async () => {
    const ring = keyring()
    const wrapped = await ring.wrap(dataKey, 'a store')
    expect(wrapped.by).toBe(`arn:aws:kms:${region}:${accountId}:key/longitude#1`)
    expect(await ring.unwrap(wrapped, 'a store')).toEqual(dataKey)
    await expect(ring.unwrap(wrapped, 'another')).rejects.toThrow(KeyUnavailable)
    vault.rotate('longitude')
    expect(await ring.newest()).toMatch(/#2$/)
    expect(await ring.unwrap(wrapped, 'a store')).toEqual(dataKey)
  })

  test('refuses with a key that is gone', async () => {
    const ring = keyring()
    const wrapped = await ring.wrap(dataKey, 'a store')
    vault.remove('longitude')
    await expect(opened!.keys.describe('longitude')).rejects.toThrow(
      new KeyRefusal('NotFoundException', 'Vault has no keys/longitude'),
    )
    await expect(opened!.keys.decrypt(wrapped.by, wrapped.bytes, {})).rejects.toThrow(KeyRefusal)
    await expect(ring.unwrap(wrapped, 'a store')).rejects.toThrow(KeyUnavailable)
  })

  test('is asked again while it is sealed, a bounded number of times', async () => {
    const ring = keyring()
    vault.seal(true)
    await expect(ring.newest()).rejects.toThrow('cannot be reached: it answered 503')
    expect(vault.requests.length).toBe(keyServiceTriesMax)
    vault.seal(false)
    expect(await ring.newest()).toMatch(/#1$/)
  })

  test('is asked with the token that the file has now, and never with one that others can read', async () => {
    const ring = keyring()
    token('hvs.expired')
    await expect(ring.newest()).rejects.toThrow('answers 403 for keys/longitude: permission denied')
    token(vault.token, 0o644)
    await expect(ring.newest()).rejects.toThrow('is open to others')
    token(vault.token)
    expect(await ring.newest()).toMatch(/#1$/)
  })
})

describe('a key service that does not do as it should', () => {
  let server: Server
  let behave: (response: ServerResponse) => void = () => {}
  let requests = 0
  let endpoint = ''

  beforeAll(async () => {
    server = createServer((_, response) => {
      requests += 1
      behave(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => void (requests = 0))
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const keys = (msMax = 10_000): KmsKeys => new KmsKeys({ endpoint, sign: () => 'signed', msMax })
  const json = (status: number, body: object) => (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))

  test('and does not answer in time has failed, after a bounded number of tries', async () => {
    behave = () => {}
    await expect(keys(50).describe('any')).rejects.toThrow('no whole answer came for 50 ms')
    expect(requests).toBe(keyServiceTriesMax)
  })

  test('and answers without an end is cut off', async () => {
    behave = (response) => {
      response.writeHead(200)
      response.end(Buffer.alloc(keyServiceAnswerBytesMax + 1, 0x20))
    }
    await expect(keys().describe('any')).rejects.toThrow(`more than ${keyServiceAnswerBytesMax} bytes`)
  })

  test('and throttles is asked again', async () => {
    behave = (response) =>
      requests === 1
        ? json(400, { __type: 'ThrottlingException', message: 'Rate exceeded' })(response)
        : json(200, { KeyMetadata: { Arn: 'arn', KeyState: 'Enabled', KeyManager: 'AWS', KeySpec: 'RSA_2048' } })(
            response,
          )
    expect(await keys().describe('any')).toEqual({ arn: 'arn', state: 'Enabled', isSymmetric: false, isManaged: true })
  })

  test('and answers what is no answer of AWS KMS is not believed', async () => {
    for (const body of [{}, { KeyMetadata: 1 }, { KeyMetadata: { Arn: 5 } }]) {
      behave = json(200, body)
      await expect(keys().describe('any')).rejects.toThrow(KeyUnavailable)
    }
    behave = json(200, { Plaintext: { no: 'text' } })
    await expect(keys().decrypt('any', Buffer.from('a'), {})).rejects.toThrow(KeyUnavailable)
    behave = json(400, { __type: 'com.amazonaws.kms#NotFoundException', message: 'none' })
    await expect(keys().decrypt('any', Buffer.from('a'), {})).rejects.toThrow(
      new KeyRefusal('NotFoundException', 'none'),
    )
  })
})

test('the file of a key service is refused when it says too little, or others can read it', () => {
  expect(() => told({ kind: 'kms', endpoint: 'kms.example.com' })).toThrow('endpoint: https://')
  expect(() => told({ kind: 'kms', endpoint: 'http://kms.example.com' })).toThrow('endpoint: https://')
  expect(() => told({ kind: 'vault', endpoint: 'http://127.0.0.1:1' })).toThrow('tokenFile')
  const path = join(folder, 'open.json')
  writeFileSync(path, '{}')
  chmodSync(path, 0o644)
  expect(() => readKeyService(path, { region, accountId })).toThrow('is open to others')
})
