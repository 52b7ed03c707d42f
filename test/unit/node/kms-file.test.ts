/** The file of a region's key service. */
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KmsFile } from '../../../src/deployment/secrets/keys/kms-file.ts'
import { ownKms } from '../../../src/node/key-services.ts'
import type { Kms } from '../../../src/operations/kms/kms.ts'
import type { Log } from '../../../src/ports/log.ts'

let folder = ''
const path = (): string => join(folder, 'us.json')
const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} } as unknown as Log
const opened = (name = 'us'): Kms => ownKms({ kms: folder, self: { name }, accountId: '000000000000', log: quiet })!

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'kms-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const created = (kms: Kms): string =>
  (kms.run('CreateKey', {}) as { readonly KeyMetadata: { readonly Arn: string } }).KeyMetadata.Arn

test('keeps keys for its owner alone, and across a restart', () => {
  const key = created(opened())
  expect(statSync(path()).mode & 0o777).toBe(0o600)
  expect(opened().run('DescribeKey', { KeyId: key })).toMatchObject({ KeyMetadata: { Arn: key } })
})

test('may be taken away and put back while it is used', () => {
  const kms = opened()
  const key = created(kms)
  renameSync(path(), `${path()}.away`)
  expect(() => kms.run('DescribeKey', { KeyId: key })).toThrow('cannot be read or written')
  renameSync(`${path()}.away`, path())
  expect(kms.run('DescribeKey', { KeyId: key })).toMatchObject({ KeyMetadata: { Arn: key } })
})

test('that another process has changed in the moment of a change is not replaced', () => {
  const kept = new KmsFile(folder, 'us', quiet)
  kept.current()
  const key = created(opened())
  expect(() => kept.replace({ keys: [], aliases: [] })).toThrow('has changed meanwhile: try again')
  expect(opened().run('DescribeKey', { KeyId: key })).toMatchObject({ KeyMetadata: { Arn: key } })
  kept.current()
  kept.replace({ keys: [], aliases: [] })
  expect(opened().run('ListKeys', {})).toMatchObject({ Keys: [] })
})

test('is refused when it is another region’s, or no file of keys', () => {
  opened()
  renameSync(path(), join(folder, 'eu.json'))
  expect(() => opened('eu')).toThrow('it has the keys of us, not of eu')
  writeFileSync(path(), '{"keys":[]}')
  expect(() => opened()).toThrow('cannot be read')
})
