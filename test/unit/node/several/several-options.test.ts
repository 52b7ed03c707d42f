/** The options of a node in a region of several: what is missing, or does not go together, is said by name. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rotateNodeSecret } from '../../../../src/deployment/secrets/nats/nodes-secrets.ts'
import { refuseWithSeveral, severalOf } from '../../../../src/node/several/several-options.ts'

const at = (...names: readonly string[]) => names.map((node, n) => ({ node, host: '127.0.0.1', port: 7001 + n }))
const secret = (): string => join(mkdtempSync(join(tmpdir(), 'longitude-nodes-')), 'secret')
const given = { node: 'a', nodeAt: at('a', 'b', 'c'), nodeHost: '127.0.0.1' }

test('a region of one node has none of them', () => {
  expect(severalOf({ nodeAt: [], nodeHost: '127.0.0.1' })).toBeUndefined()
})

test('the secret is made once, for its owner alone, and all nodes read the same', () => {
  const nodeSecret = secret()
  const [made] = severalOf({ ...given, nodeSecret })?.secrets() ?? []
  expect(made).toBe(readFileSync(nodeSecret, 'utf8').trim())
  expect(statSync(nodeSecret).mode & 0o777).toBe(0o600)
  expect(severalOf({ ...given, node: 'b', nodeSecret })?.secrets()).toEqual([made])
})

test.each([
  [{ node: undefined }, '--node-at needs --node'],
  [{ node: 'd' }, '--node-at does not say where d is'],
  [{ nodeAt: at('a', 'b') }, 'a region has one node, or three, five or seven; --node-at names 2'],
  [{ nodeAt: at('a', 'b', 'c', 'a') }, '--node-at names a node twice'],
  [{ nodeSecret: undefined }, '--node needs --node-secret FILE'],
  [{ nodeHost: '0.0.0.0' }, 'nodes of a region on several machines need --node-tls-ca'],
  [{ nodeAt: [...at('a', 'b'), { node: 'c', host: '10.0.0.3', port: 1 }] }, 'need --node-tls-ca'],
  [{ nodeTlsCa: 'ca.pem' }, '--node-tls-ca, --node-tls-cert and --node-tls-key go together'],
])('%j: %s', (more, text) => {
  expect(() => severalOf({ ...given, nodeSecret: secret(), ...more })).toThrow(text)
})

test('another secret is shown once it is there, and the former one is taken for as long as the file says', () => {
  const nodeSecret = secret()
  const several = severalOf({ ...given, nodeSecret })
  const [first = ''] = several?.secrets() ?? []
  rotateNodeSecret(nodeSecret, 60_000)
  const [second = '', ...others] = several?.secrets() ?? []
  expect(second).not.toBe(first)
  expect(others).toEqual([first])
  expect(statSync(nodeSecret).mode & 0o777).toBe(0o600)
  rotateNodeSecret(nodeSecret, -1)
  const [third = '', ...none] = several?.secrets() ?? []
  expect([first, second, third].indexOf(third)).toBe(2)
  expect(none).toEqual([])
  writeFileSync(nodeSecret, 'short\n', { mode: 0o600 })
  expect(several?.secrets()).toEqual([third])
})

test('a secret that is none is refused', () => {
  const nodeSecret = secret()
  writeFileSync(nodeSecret, 'short\n', { mode: 0o600 })
  expect(() => severalOf({ ...given, nodeSecret })).toThrow('has no secret of 32 to 256 letters and digits')
})

test.each([
  [{ quorum: undefined }, '--node needs --quorum'],
  [{ workers: 2 }, '--workers and --node do not go together: each node of the region answers reads already'],
])('with several nodes %j is refused', (more, text) => {
  const several = severalOf({ ...given, nodeSecret: secret() })
  const options = { several, quorum: 'nats://127.0.0.1:1', ...more }
  expect(() => refuseWithSeveral(options)).toThrow(text)
  expect(() => refuseWithSeveral({ ...options, several: undefined })).not.toThrow()
})

test('a folder of keys is one machine’s, so that nodes on several machines have none', () => {
  const options = { quorum: 'nats://127.0.0.1:1', kms: 'keys' }
  const several = severalOf({ ...given, nodeSecret: secret() })
  if (several === undefined) throw new Error('no nodes')
  expect(() => refuseWithSeveral({ ...options, several })).not.toThrow()
  expect(() => refuseWithSeveral({ ...options, several: { ...several, host: '10.0.0.3' } })).toThrow(
    '--kms and --node do not go together where the nodes are on several machines',
  )
})
