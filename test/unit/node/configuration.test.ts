import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { addOptions, readOptions } from '../../../src/cli/configuration.ts'
import { optionsOf } from '../../../src/cli/options/of-commands.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-options-'))
const file = join(folder, 'options.json')
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(file, { force: true })
})

function options(...args: readonly string[]): ReturnType<typeof readOptions<(typeof optionsOf.up)[number]>> {
  const command = addOptions(new Command('up'), optionsOf.up)
  command.parse(['--config', file, ...args], { from: 'user' })
  return readOptions(command, optionsOf.up)
}

test('the caches of a cluster are given one by one, or with commas', () => {
  const nodes = (...args: readonly string[]): unknown => {
    const given = ['--region', 'us-east-1', '--upstream', 'http://127.0.0.1:8000', ...args]
    const command = addOptions(new Command('cache'), optionsOf.cache)
    command.parse(['--config', file, ...given], { from: 'user' })
    return readOptions(command, optionsOf.cache).daxNode
  }
  writeFileSync(file, '{}')
  const both = [
    { address: '127.0.0.1', port: 8111 },
    { address: 'fd00::2', port: 8112 },
  ]
  expect(nodes()).toEqual([])
  expect(nodes('--dax-node', '127.0.0.1:8111', '--dax-node', '[fd00::2]:8112')).toEqual(both)
  expect(nodes('--dax-node', '127.0.0.1:8111,[fd00::2]:8112')).toEqual(both)
  vi.stubEnv('LONGITUDE_DAX_NODE', '127.0.0.1:8111 [fd00::2]:8112')
  expect(nodes()).toEqual(both)
  vi.unstubAllEnvs()
  expect(() => nodes('--dax-node', 'a-name:8111')).toThrow('an IP address and a port')
})

describe('an option', () => {
  test('is taken from the flag, else from the variable, else from the file, else it is the default', () => {
    writeFileSync(file, '{"basePort":3000}')
    vi.stubEnv('LONGITUDE_BASE_PORT', '2000')
    expect(options('--base-port', '1000').basePort).toBe(1000)
    expect(options().basePort).toBe(2000)
    vi.unstubAllEnvs()
    expect(options().basePort).toBe(3000)
    writeFileSync(file, '{}')
    expect(options().basePort).toBe(8000)
  })

  test('of names may be a list in the file and text with commas elsewhere', () => {
    writeFileSync(file, '{"regions":["us-east-1"]}')
    expect(options().regions).toEqual(['us-east-1'])
    expect(options('--regions', 'eu-west-1, us-east-1').regions).toEqual(['eu-west-1', 'us-east-1'])
    expect(() => options('--regions', 'eu-west-1,eu-west-1')).toThrow('a region twice')
  })

  test('that is on unless told otherwise is turned off by its flag, its variable or the file', () => {
    writeFileSync(file, '{}')
    expect(options().latency).toBe(true)
    expect(options('--no-latency').latency).toBe(false)
    vi.stubEnv('LONGITUDE_LATENCY', 'false')
    expect(options().latency).toBe(false)
    vi.unstubAllEnvs()
    writeFileSync(file, '{"latency":false}')
    expect(options().latency).toBe(false)
  })
})

test('a file that was asked for must be there', () => {
  expect(() => options()).toThrow(file)
})

test('peers are named with their addresses, by flag, variable or file', () => {
  const command = addOptions(new Command('node'), optionsOf.node)
  writeFileSync(file, '{"peer":{"eu-west-1":"nats://a:1"}}')
  const read = (...args: readonly string[]): unknown => {
    const parsed = addOptions(new Command('node'), optionsOf.node).parse(
      ['--config', file, '--region', 'x-y-1', ...args],
      { from: 'user' },
    )
    return readOptions(parsed, optionsOf.node).peer
  }
  expect(command.options.map((option) => option.long)).toContain('--peer')
  expect(read()).toEqual([{ region: 'eu-west-1', url: 'nats://a:1' }])
  expect(read('--peer=a-b-1=nats://h:1', '--peer=c-d-2=nats://h:2')).toEqual([
    { region: 'a-b-1', url: 'nats://h:1' },
    { region: 'c-d-2', url: 'nats://h:2' },
  ])
  vi.stubEnv('LONGITUDE_PEER', 'a-b-1=nats://h:1 c-d-2=nats://h:2')
  expect(read()).toHaveLength(2)
  expect(() => read('--peer=nonsense')).toThrow('REGION=nats://HOST:PORT')
})
