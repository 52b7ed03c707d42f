import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { printerOf } from '../../../src/cli/commands/show/env.ts'
import { type DataFolder, openDataFolder } from '../../../src/deployment/data-folder.ts'
import { recordDeployment } from '../../../src/deployment/running-deployments.ts'
import { ran } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-env-'))
const secret = "a'real $(secret)"
const keys = join(folder, 'keys.json')
writeFileSync(
  keys,
  JSON.stringify({
    credentials: [
      { accessKeyId: 'FIRST', secretAccessKey: 'first-secret' },
      { accessKeyId: 'SECOND', secretAccessKey: secret, sessionToken: 'token' },
    ],
  }),
)
chmodSync(keys, 0o600)
const endpoints = { 'us-east-1': 'http://127.0.0.1:8000', 'ap-northeast-1': 'http://127.0.0.1:8002' }

let opened: DataFolder | undefined

beforeEach(() => {
  vi.stubEnv('XDG_STATE_HOME', mkdtempSync(join(folder, 'state-')))
  vi.stubEnv('SHELL', '/bin/bash')
  vi.stubEnv('AWS_PROFILE', undefined)
  vi.stubEnv('AWS_SESSION_TOKEN', undefined)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await opened?.release()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function running(more: { readonly credentials?: string } = {}): Promise<void> {
  const data = mkdtempSync(join(folder, 'data-'))
  const services = { frontDoor: 'http://127.0.0.1:8099' }
  opened = await openDataFolder(data, [{ name: 'us-east-1', number: 1 }], { endpoints, services })
  recordDeployment({ data, basePort: 8000, ...more }, { name: 'shop' })
}

/** What a shell makes of it. */
function evaluated(script: string): Record<string, string> {
  const { stdout } = spawnSync('sh', ['-c', `${script}\nenv`], { encoding: 'utf8', env: { AWS_PROFILE: 'real' } })
  const pairs = stdout.split('\n').filter((line) => line.startsWith('AWS_'))
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

describe('longitude env', () => {
  test.each(['tokyo', 'ap-northeast-1', 'TOKYO'])('of %s is what an SDK needs for that region', async (name) => {
    await running()
    const { status, output, errors } = await ran('env', name)
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    expect(evaluated(output)).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8002',
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'http://127.0.0.1:8002',
      AWS_REGION: 'ap-northeast-1',
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
    })
  })

  test('of no region is the front door', async () => {
    await running()
    expect(evaluated((await ran('env')).output)).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8099',
      AWS_REGION: 'us-east-1',
    })
  })

  test('takes a profile of the real AWS away, which an SDK would prefer to dummies', async () => {
    await running()
    vi.stubEnv('AWS_PROFILE', 'real')
    expect(evaluated((await ran('env', 'virginia')).output)).not.toHaveProperty('AWS_PROFILE')
  })

  test('of a place without a region names those that there are', async () => {
    await running()
    expect(await ran('env', 'paris')).toEqual({
      status: 1,
      output: '',
      errors:
        'longitude: no region or city paris runs here; there are us-east-1 (N. Virginia), ap-northeast-1 (Tokyo)\n',
    })
  })

  test('prints no secret of a deployment that verifies signatures, unless it is told to', async () => {
    await running({ credentials: keys })
    const without = await ran('env', 'tokyo')
    expect(without.output).toContain('AWS_ENDPOINT_URL_DYNAMODB')
    expect(without.output + without.errors).not.toContain('first-secret')
    expect(without.output).not.toContain('AWS_ACCESS_KEY_ID')
    expect(without.errors).toContain(`signatures are verified here: use a key of ${keys}`)
    expect(evaluated((await ran('env', 'tokyo', '--with-secret')).output)).toMatchObject({
      AWS_ACCESS_KEY_ID: 'FIRST',
      AWS_SECRET_ACCESS_KEY: 'first-secret',
    })
    expect(evaluated((await ran('env', 'tokyo', '--with-secret', 'SECOND')).output)).toMatchObject({
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: 'token',
    })
    expect((await ran('env', 'tokyo', '--with-secret', 'THIRD')).errors).toContain('has no access key THIRD')
  })

  test('in JSON has the variables', async () => {
    await running()
    const { variables } = JSON.parse((await ran('env', 'tokyo', '--json')).output) as { variables: object }
    expect(variables).toMatchObject({ AWS_REGION: 'ap-northeast-1' })
  })

  test('is in the words of each shell', () => {
    const settings = { set: { A: "it's", B: 'http://x:1' }, unset: ['C'] }
    expect(printerOf('sh')(settings)).toBe("export A='it'\\''s'\nexport B=http://x:1\nunset C")
    expect(printerOf('fish')(settings)).toBe("set -gx A 'it\\'s'\nset -gx B http://x:1\nset -e C")
    expect(printerOf('powershell')(settings)).toBe("$env:A = 'it''s'\n$env:B = 'http://x:1'\nRemove-Item Env:C")
    expect(() => printerOf('csh')).toThrow('--shell is "csh": sh, fish, powershell are known')
  })
})
