import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { longitude, prepareProgram, randomBasePort, removeFolder, temporaryFolder } from './command-line.ts'

const folders: string[] = []
beforeAll(prepareProgram, 60_000)
afterEach(() => {
  for (const made of folders.splice(0)) removeFolder(made)
})

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}

function port(): string {
  return String(randomBasePort())
}

/** One sentence on the error stream, status 1, nothing on the output. */
async function refused(...args: readonly string[]): Promise<string> {
  const { status, output, errors } = await longitude(...args)
  // A node logs, as lines of JSON, what it met before.
  const said = output.split('\n').filter((line) => !line.startsWith('{"level":"warn"'))
  expect({ status, output: said.join('') }).toEqual({ status: 1, output: '' })
  expect(errors).toMatch(/^longitude: /)
  expect(errors).not.toContain('    at ')
  return errors
}

describe('a mistake at the command line is told in a sentence', { timeout: 30_000 }, () => {
  test('a region that takes the question and does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const basePort = (silent.address() as AddressInfo).port
    const where = ['--regions', 'us-east-1', '--base-port', String(basePort), '--data', folder()]
    const { status, errors } = await longitude('verify', 'Orders', ...where)
    silent.close()
    expect({ status, errors }).toEqual({ status: 2, errors: expect.stringContaining('us-east-1 at') })
  })

  test('a folder with something else in it', async () => {
    const data = folder()
    writeFileSync(join(data, 'thesis.tex'), '')
    expect(await refused('up', '--data', data)).toContain('other things in it (thesis.tex)')
    expect(readdirSync(data)).toEqual(['thesis.tex'])
  })

  test('a damaged longitude.json in the data folder', async () => {
    const data = folder()
    writeFileSync(join(data, 'longitude.json'), '{')
    expect(await refused('up', '--data', data)).toContain('is not what Longitude wrote')
  })

  test('data of a later format', async () => {
    const data = folder()
    writeFileSync(join(data, 'longitude.json'), '{"format":2,"regions":{}}')
    expect(await refused('up', '--data', data)).toContain('format 2')
  })

  test('a region that had another number when the data was written', async () => {
    const data = folder()
    writeFileSync(join(data, 'longitude.json'), '{"format":1,"regions":{"us-east-1":7}}')
    expect(await refused('up', '--data', data)).toContain('us-east-1 had the number 7')
  })

  test('a folder that cannot be made', async () => {
    const data = folder()
    writeFileSync(join(data, 'file'), '')
    expect(await refused('up', '--data', join(data, 'file', 'below'))).toContain('cannot be made')
  })

  test('a region that does not exist, with those that do', async () => {
    expect(await refused('up', '--regions', 'us-east-1,moon-1', '--data', folder())).toMatch(
      /no region moon-1; known are us-east-1, /,
    )
  })

  test('an option of the wrong kind, with where it was given', async () => {
    expect(await refused('up', '--base-port', 'high')).toContain('--base-port is "high"')
    const file = join(folder(), 'options.json')
    writeFileSync(file, '{"logLevel":"loud"}')
    expect(await refused('up', '--config', file)).toContain(`"logLevel" in ${file} is "loud"`)
  })

  test('an option in the file that does not exist', async () => {
    const file = join(folder(), 'options.json')
    writeFileSync(file, '{"basPort":1}')
    expect(await refused('up', '--config', file)).toContain('no option basPort')
  })

  test('a nats-server that is none, and the folder is empty again', async () => {
    const data = folder()
    expect(await refused('up', '--data', data, '--nats-server', '/bin/sh', '--base-port', port())).toContain('/bin/sh')
    expect(readdirSync(data)).toEqual([])
  })

  test('a file of credentials that is not there, before a folder is made', async () => {
    const data = join(folder(), 'data')
    expect(await refused('up', '--data', data, '--credentials', '/nowhere/keys.json')).toContain('/nowhere/keys.json')
    expect(existsSync(data)).toBe(false)
  })

  test('a node whose store is that of another region', async () => {
    const data = folder()
    mkdirSync(join(data, 'store'))
    writeFileSync(join(data, 'store', 'strange'), '')
    const node = ['node', '--region', 'us-east-1', '--data', data, '--port', port(), '--log-format', 'json']
    expect(await refused(...node)).toContain('not empty')
  })
})

test('every command documents its options, their variables and their defaults', async () => {
  const { output } = await longitude('up', '--help')
  for (const option of ['--regions', '--base-port', '--data', '--no-latency', '--log-level', '--nats-server', '--json'])
    expect(output).toContain(option)
  expect(output).toMatch(/LONGITUDE_BASE_PORT/)
})
