import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { commandTable } from '../../../src/cli/program.ts'
import { exitTable } from '../../../src/process/exit-status.ts'
import { ran } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-command-line-'))
beforeEach(() => void vi.stubEnv('XDG_STATE_HOME', join(folder, 'state')))
afterEach(() => void vi.unstubAllEnvs())
afterAll(() => rmSync(folder, { recursive: true }))

const commands = commandTable.filter(({ run }) => run !== undefined)

/** A port where nothing listens. */
const nowhere = ['--base-port', '47', '--regions', 'us-east-1']

describe('help', () => {
  test('of the program has every exit status and examples', async () => {
    const { status, output } = await ran('--help')
    expect(status).toBe(0)
    for (const each of exitTable) expect(output).toContain(`  ${each.status}`)
    expect(output).toContain('eval "$(longitude env)"')
  })

  test.each(commands)('of $name has examples that it understands', async ({ name, examples }) => {
    const { status, output } = await ran(...name.split(' '), '--help')
    expect(status).toBe(0)
    expect(examples.length).toBeGreaterThan(0)
    for (const [line] of examples) {
      expect(output).toContain(`  ${line}`)
      expect(line).toContain(`longitude ${name}`)
      for (const [flag] of line.matchAll(/(?<= )--[a-z0-9-]+/g)) expect(output).toContain(flag)
    }
  })

  test.each([
    ['up', '--regions'],
    ['status', '--check'],
    ['pause', '--for'],
    ['links set', '--down'],
    ['drill run', '--start'],
    ['conflicts', '--follow'],
    ['node', '--region'],
  ])('of %s begins with %s', async (name, flag) => {
    const { output } = await ran(...name.split(' '), '--help')
    expect(/Options:\s+(--[\w-]+)/.exec(output)?.[1]).toBe(flag)
  })
})

describe('a command line that cannot be read ends with status 64 and a sentence', () => {
  test.each([
    [['stauts'], 'there is no command stauts; did you mean status?; `longitude --help` tells more'],
    [
      ['status', '--chek'],
      'there is no option --chek here; did you mean --check?; `longitude status --help` tells more',
    ],
    [['links', 'set'], '<link> is missing; `longitude links set --help` tells more'],
    [['pause', 'Orders', '--for'], '--for <duration> needs its value; `longitude pause --help` tells more'],
    [['list', 'all'], 'there is an argument too many; `longitude list --help` tells more'],
  ])('%j', async (args, sentence) => {
    expect(await ran(...args)).toEqual({ status: 64, output: '', errors: `longitude: ${sentence}\n` })
  })

  test('with --json it is JSON', async () => {
    const { status, output, errors } = await ran('status', '--chek', '--json')
    expect({ status, output }).toEqual({ status: 64, output: '' })
    expect(JSON.parse(errors)).toMatchObject({ status: 64, error: expect.stringContaining('no option --chek') })
  })
})

describe('what an option or a file says wrong is told in our words', () => {
  const file = join(folder, 'options.json')
  const refusal = async (text: string): Promise<string> => {
    writeFileSync(file, text)
    const { status, errors } = await ran('ports', '--config', file)
    expect(status).toBe(1)
    // As the engine and the validator have it.
    expect(errors).not.toMatch(/Unexpected|in JSON|Invalid|Too |expected/)
    return errors
  }

  test.each([
    ['{"basePort": 3.5}', `"basePort" in ${file} is 3.5: a port from 1 to 65535`],
    ['{"basePort": 70000}', `"basePort" in ${file} is 70000: a port from 1 to 65535`],
    ['{"regions": 5}', `"regions" in ${file} is 5: a list, or a text with commas`],
    ['{"host": ""}', `"host" in ${file} is "": a text that is not empty is wanted`],
    ['{"host": 5}', `"host" in ${file} is 5: a text is wanted`],
    ['{"cache": "maybe"}', `"cache" in ${file} is "maybe": true or false`],
    ['[]', `${file}: a JSON object is wanted`],
    ['{"basPort": 1}', `${file}: no option basPort; there are `],
    ['{\n "host": }', `${file} is no JSON: `],
    ['{', `${file} is no JSON: `],
  ])('%s', async (text, sentence) => {
    expect(await refusal(text)).toContain(sentence)
  })

  test('a token is not repeated', async () => {
    const { errors } = await ran('status', '--admin-token', 'hunter2')
    expect(errors).toBe('longitude: --admin-token is not one that can be: 16 to 256 printable characters\n')
  })

  test('with --json an error is JSON', async () => {
    const { status, output, errors } = await ran('verify', 'Orders', '--json', '--watermark-age-max', 'long')
    expect({ status, output }).toEqual({ status: 2, output: '' })
    expect(JSON.parse(errors)).toEqual({
      error: '--watermark-age-max is "long": a duration such as 10s, 5m or PT5M is wanted',
      status: 2,
    })
  })
})

describe('with nothing running', () => {
  test('status says how to start', async () => {
    const { status, output } = await ran('status', ...nowhere)
    expect(status).toBe(1)
    expect(output).toContain('No region runs here: nothing answers at http://127.0.0.1:47,')
    expect(output).toContain('longitude up')
    const { regions, hint } = JSON.parse((await ran('status', '--json', ...nowhere)).output) as {
      regions: { health: string }[]
      hint: string
    }
    expect(regions).toEqual([expect.objectContaining({ health: 'down' })])
    expect(hint).toContain('longitude up')
  })

  test('list is an empty list, and says how to start', async () => {
    expect(await ran('list', '--json')).toEqual({ status: 0, output: '{"deployments":[]}\n', errors: '' })
    expect((await ran('list')).output).toBe('no deployment runs; `longitude up` starts one\n')
  })

  test.each([
    ['verify', ['verify', 'Orders'], 2],
    ['pause', ['pause', 'Orders', '--for', '1m'], 1],
    ['ttl run', ['ttl', 'run', 'Orders'], 1],
    ['replicas remove', ['replicas', 'remove', 'Orders', 'eu-west-1'], 1],
    ['links', ['links'], 1],
  ])('%s fails in JSON when JSON is asked for', async (_name, args, status) => {
    const place = args[0] === 'links' ? ['--base-port', '47'] : nowhere
    const told = await ran(...args, '--json', ...place)
    expect(told.status).toBe(status)
    for (const line of [...told.output.split('\n'), ...told.errors.split('\n')].filter((each) => each !== ''))
      expect(JSON.parse(line)).toBeTypeOf('object')
    expect(told.errors).toContain('"error"')
  })
})
