import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toAll } from '../../../src/core/change/seal.ts'
import { writeDeployment } from '../../../src/deployment/deployment.ts'
import {
  FolderKeys,
  makeMessageKeys,
  messageKeyPath,
  rotateMessageKeys,
} from '../../../src/deployment/secrets/keys/message-keys.ts'
import { quiet } from '../../replication/nats.ts'

let folder = ''
const now = { ms: 0 }
const clock = { monotonicMs: () => now.ms }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-message-keys-'))
  now.ms = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const keysOf = (self: string): FolderKeys => new FolderKeys({ folder, self, clock, log: quiet })
const tags = (keys: FolderKeys, region: string): readonly string[] =>
  keys.of(region).map((mac) => mac(Buffer.from('message'), toAll).toString('hex'))

describe('message keys in a folder', () => {
  test('are files of their owner alone, made once and kept', () => {
    makeMessageKeys(folder, ['us', 'eu'])
    const before = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(new Set(before).size).toBe(2)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    makeMessageKeys(folder, ['us', 'eu'])
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before)
  })

  test('are the same for every node, and another for every region', () => {
    makeMessageKeys(folder, ['us', 'eu'])
    const [us, eu] = [keysOf('us'), keysOf('eu')]
    expect(tags(us, 'eu')).toEqual(tags(eu, 'eu'))
    expect(tags(us, 'us')).not.toEqual(tags(us, 'eu'))
    expect(tags(us, 'ap')).toEqual([])
  })

  test('sign after a rotation only when all who look at the folder know them, and stay good until the next', () => {
    makeMessageKeys(folder, ['us', 'eu'])
    const keys = keysOf('us')
    const [before] = tags(keys, 'us')
    rotateMessageKeys(folder, ['us'])
    expect(tags(keys, 'us')).toEqual([before])
    now.ms = 1000
    const [signing, next] = tags(keys, 'us')
    expect([signing, tags(keys, 'us').length]).toEqual([before, 2])
    now.ms = 4001
    expect(tags(keys, 'us')).toEqual([next, before])
    rotateMessageKeys(folder, ['us'])
    now.ms = 9000
    tags(keys, 'us')
    now.ms = 13_000
    expect(tags(keys, 'us')[1]).toBe(next)
    expect(tags(keys, 'us')).not.toContain(before)
    // A node that starts signs at once.
    expect(tags(keysOf('us'), 'us')).toEqual(tags(keys, 'us'))
  })

  test('are looked for again for a message that does not verify, though not for each of a flood', () => {
    makeMessageKeys(folder, ['us'])
    const keys = keysOf('us')
    makeMessageKeys(folder, ['eu'])
    now.ms = 100
    expect([keys.lookAgain(), tags(keys, 'eu').length]).toEqual([false, 0])
    now.ms = 250
    expect([keys.lookAgain(), tags(keys, 'eu').length]).toEqual([true, 1])
    now.ms = 500
    expect(keys.lookAgain()).toBe(false)
  })

  test('that can no longer be read stay as they were, and a region that is gone has none', () => {
    makeMessageKeys(folder, ['us', 'eu'])
    const keys = keysOf('us')
    const before = tags(keys, 'eu')
    writeFileSync(messageKeyPath(folder, 'eu'), 'not a key\n')
    now.ms = 2000
    expect(tags(keys, 'eu')).toEqual(before)
    rmSync(messageKeyPath(folder, 'eu'))
    now.ms = 4000
    expect(tags(keys, 'eu')).toEqual([])
  })

  test('are refused at the start where the own one is missing, broken, or open to others', () => {
    expect(() => keysOf('us')).toThrow('longitude secrets --regions us')
    makeMessageKeys(folder, ['us'])
    chmodSync(messageKeyPath(folder, 'us'), 0o644)
    expect(() => keysOf('us')).toThrow('chmod 600')
    writeFileSync(messageKeyPath(folder, 'us'), 'c2hvcnQ\n', { mode: 0o600 })
    chmodSync(messageKeyPath(folder, 'us'), 0o600)
    expect(() => keysOf('us')).toThrow('holds no key')
  })
})

test('a deployment gives every host the keys of all its regions, and none of one that has left', async () => {
  const settings = { out: folder, installed: '/etc/longitude', state: '/var/lib', certificateDays: 100, renew: false }
  const us = { region: 'us-east-1', host: 'us.example.org', natsPort: 4222 }
  const eu = { region: 'eu-west-1', host: 'eu.example.org', natsPort: 4222 }
  const keysOn = (host: string): readonly string[] =>
    readdirSync(join(folder, host))
      .filter((name) => name.endsWith('.message-key'))
      .map((name) => readFileSync(join(folder, host, name), 'utf8'))
  await writeDeployment({ ...settings, hosts: [us, eu] })
  const before = keysOn(us.region)
  expect([before.length, keysOn(eu.region)]).toEqual([2, before])
  expect(statSync(messageKeyPath(join(folder, us.region), eu.region)).mode & 0o777).toBe(0o600)
  const node: unknown = JSON.parse(readFileSync(join(folder, us.region, 'longitude.json'), 'utf8'))
  expect(node).toMatchObject({ messageKeys: '/etc/longitude' })
  await writeDeployment({ ...settings, hosts: [us, eu], rotate: [eu.region] })
  const [rotated = '', kept] = keysOn(us.region)
  expect([rotated.split('\n')[1], kept]).toEqual([before[0]?.trim(), before[1]])
  await writeDeployment({ ...settings, hosts: [us] })
  expect(keysOn(us.region)).toEqual([before[1]])
})
