import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import {
  nameFor,
  recordDeployment,
  runningDeployments,
  stateFolder,
} from '../../../src/deployment/running-deployments.ts'
import { identityOf } from '../../../src/process/process-identity.ts'

const made: string[] = []
afterEach(() => {
  for (const each of made.splice(0)) rmSync(each, { recursive: true, force: true })
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'longitude-state-'))
  made.push(path)
  return join(path, 'longitude', 'deployments')
}

const own = (data: string) => ({ data, basePort: 8000 })
const names = (at: string): readonly string[] => runningDeployments(at).map(({ name }) => name)

test('a deployment that is recorded is found until it is forgotten, and its record is its owner’s alone', () => {
  const at = folder()
  const recorded = recordDeployment({ ...own('/srv/shop/data'), credentials: '/etc/keys.json' }, { folder: at })
  expect(runningDeployments(at)).toMatchObject([
    { name: 'shop', pid: process.pid, data: '/srv/shop/data', basePort: 8000, credentials: '/etc/keys.json' },
  ])
  expect(statSync(at).mode & 0o777).toBe(0o700)
  expect(readdirSync(at)).toEqual(['shop.json'])
  expect(statSync(join(at, 'shop.json')).mode & 0o777).toBe(0o600)
  recorded.forget()
  expect(readdirSync(at)).toEqual([])
})

test('a second one of the same folder name gets a name of its own', () => {
  const at = folder()
  recordDeployment(own('/srv/shop/data'), { folder: at })
  expect(recordDeployment(own('/home/ann/shop'), { folder: at }).name).toBe('shop-2')
  expect(names(at)).toEqual(['shop', 'shop-2'])
})

test('a name that was asked for and is taken is refused, with who has it', () => {
  const at = folder()
  recordDeployment(own('/srv/a'), { folder: at, name: 'shop' })
  expect(() => recordDeployment(own('/srv/b'), { folder: at, name: 'shop' })).toThrow(
    `a deployment named shop runs already, on /srv/a (process ${process.pid}); give another --name`,
  )
})

test.each([
  ['a process that is gone', { pid: 2 ** 22 + 1, identity: 'boot 1' }],
  ['a process that began at another time than that of the record', { pid: process.pid, identity: 'boot 1' }],
])('the record of %s counts as none, and is dropped', (_what, process_) => {
  const at = folder()
  mkdirSync(at, { recursive: true })
  const record = { name: 'old', ...process_, ...own('/srv/old'), startedMs: 0 }
  writeFileSync(join(at, 'old.json'), JSON.stringify(record))
  expect(runningDeployments(at)).toEqual([])
  expect(readdirSync(at)).toEqual([])
  expect(recordDeployment(own('/srv/old'), { folder: at, name: 'old' }).name).toBe('old')
})

test.each([
  ['no JSON', '{'],
  ['another shape', '{"name":"x"}'],
  ['too large', JSON.stringify({ padding: 'x'.repeat(20_000) })],
])('what is %s is no record', (_what, text) => {
  const at = folder()
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'x.json'), text)
  expect(runningDeployments(at)).toEqual([])
})

test('a record under another name than its own is none', () => {
  const at = folder()
  mkdirSync(at, { recursive: true })
  const record = { name: 'a', pid: process.pid, identity: identityOf(process.pid), ...own('/srv/a'), startedMs: 0 }
  writeFileSync(join(at, 'b.json'), JSON.stringify(record))
  expect(runningDeployments(at)).toEqual([])
})

test.each([
  ['/home/ann/shop/data', 'shop'],
  ['/home/ann/My Shop', 'my-shop'],
  ['/srv/Querétaro/data', 'queretaro'],
  ['/data', 'longitude'],
])('the deployment on %s is named %s', (data, name) => {
  expect(nameFor(data)).toBe(name)
})

test('records lie in the state folder of the user, by XDG_STATE_HOME where it is absolute', () => {
  expect(stateFolder({ XDG_STATE_HOME: '/state' })).toBe('/state/longitude/deployments')
  expect(stateFolder({ XDG_STATE_HOME: 'state' })).toMatch(/\/\.local\/state\/longitude\/deployments$/)
})
