import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { addOptions } from '../../../src/cli/configuration.ts'
import { readOptionsFound } from '../../../src/cli/find-deployment.ts'
import { optionsOf } from '../../../src/cli/options/of-commands.ts'
import { recordDeployment } from '../../../src/deployment/running-deployments.ts'

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'longitude-find-'))
  vi.stubEnv('XDG_STATE_HOME', state)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(state, { recursive: true, force: true })
})

function found(...args: readonly string[]): { readonly data: string; readonly byPorts: boolean } {
  const command = addOptions(new Command('status'), optionsOf.status)
  command.parse(args, { from: 'user' })
  return readOptionsFound(command, optionsOf.status)
}

function runs(name: string, basePort = 8000): void {
  recordDeployment({ data: `/srv/${name}`, basePort, adminTokenFile: `/etc/${name}.token` }, { name })
}

describe('a command means', () => {
  test('the only deployment that runs, with its token, when nothing else is said', () => {
    runs('shop')
    expect(found()).toMatchObject({ data: '/srv/shop', adminTokenFile: '/etc/shop.token', byPorts: false })
  })

  test('the folder ./data and the usual ports, when none runs', () => {
    expect(found()).toMatchObject({ data: './data', basePort: 8000, byPorts: false })
  })

  test('nothing for certain when several run: they are named', () => {
    runs('shop')
    runs('blog', 9000)
    expect(() => found()).toThrow(
      'several deployments run: blog (/srv/blog), shop (/srv/shop); say by --name which one is meant',
    )
  })

  test('the one of the name', () => {
    runs('shop')
    runs('blog', 9000)
    expect(found('--name', 'blog').data).toBe('/srv/blog')
    vi.stubEnv('LONGITUDE_NAME', 'shop')
    expect(found().data).toBe('/srv/shop')
  })

  test('none of an unknown name: those that run are named', () => {
    expect(() => found('--name', 'blog')).toThrow(
      'no deployment named blog runs, and no other; `longitude up` starts one',
    )
    runs('shop')
    expect(() => found('--name', 'blog')).toThrow('no deployment named blog runs; there are shop (/srv/shop)')
    expect(() => found('--name', 'Blog!')).toThrow('--name is "Blog!": up to 40 small letters, digits and dashes')
  })

  test('the one on the folder or the ports that an option names, before all that runs', () => {
    runs('shop')
    runs('blog', 9000)
    expect(found('--data', '/srv/blog')).toMatchObject({ data: '/srv/blog', adminTokenFile: '/etc/blog.token' })
    expect(found('--base-port', '9000')).toMatchObject({ data: '/srv/blog', adminTokenFile: '/etc/blog.token' })
    expect(found('--data', '/elsewhere').data).toBe('/elsewhere')
    expect(found('--base-port', '7000')).toMatchObject({ data: './data', basePort: 7000, byPorts: true })
  })

  test('what its flag says before what a variable says', () => {
    runs('shop')
    runs('blog', 9000)
    vi.stubEnv('LONGITUDE_NAME', 'shop')
    expect(found('--data', '/srv/blog').data).toBe('/srv/blog')
    vi.unstubAllEnvs()
    vi.stubEnv('XDG_STATE_HOME', state)
    vi.stubEnv('LONGITUDE_DATA', '/srv/blog')
    expect(found('--name', 'shop').data).toBe('/srv/shop')
  })

  test('one thing only: a name and a folder contradict each other', () => {
    expect(() => found('--name', 'shop', '--data', '/srv/shop')).toThrow(
      'either --name or --data: each says which deployment',
    )
  })
})
