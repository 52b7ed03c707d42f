import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { completionOf } from '../../../src/cli/completion.ts'
import { commandLine } from '../../../src/cli/program.ts'
import { ran } from './run.ts'

const hasShell = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0
const script = completionOf('bash', commandLine())

/** What bash would offer at the end of the words. */
function offered(...words: readonly string[]): readonly string[] {
  const quoted = ['longitude', ...words].map((word) => `'${word}'`).join(' ')
  const ask = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _longitude; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', ask], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((each) => each !== '')
}

describe('completion', () => {
  test('of bash offers commands, those below them, their options and the values of options', () => {
    expect(offered('sta')).toEqual(['status'])
    expect(offered('links', '')).toEqual(expect.arrayContaining(['set', 'heal', '--json']))
    expect(offered('links', 'set', '--do')).toEqual(['--down'])
    expect(offered('status', '--ch')).toEqual(['--check'])
    expect(offered('up', '--failover', '')).toEqual(['nearest', 'none'])
    expect(offered('')).not.toContain('worker')
  })

  test.each(['zsh', 'fish'])(
    'of %s has every command and option, and is understood where there is that shell',
    async (shell) => {
      const { status, output } = await ran('completion', shell)
      expect(status).toBe(0)
      for (const word of ['status', 'heal', 'failover', 'nearest', 'watermark-age-max']) expect(output).toContain(word)
      if (hasShell(shell)) expect(spawnSync(shell, ['-n', '-c', output], { encoding: 'utf8' }).stderr).toBe('')
    },
  )

  test('of zsh does not change the list of folders in which zsh finds commands', () => {
    expect(completionOf('zsh', commandLine())).not.toMatch(/\bpath=/)
  })

  const asked = [
    [['drill', ''], ['restore', 'run'], ['up']],
    [['drill', 'run', '--'], ['--seed', '--compose'], ['--failover']],
    [['', ''], ['status', 'drill'], ['heal']],
  ] as const
  test.skipIf(!hasShell('fish')).each(asked)('of fish after %j offers %j and not %j', (words, there, away) => {
    const typed = ['longitude', ...words.filter((word, at) => word !== '' || at > 0)].join(' ')
    const ask = `${completionOf('fish', commandLine())}\ncomplete -C '${typed}'`
    const { stdout, stderr } = spawnSync('fish', ['-c', ask], { encoding: 'utf8' })
    expect(stderr).toBe('')
    const names = stdout.split('\n').map((line) => line.split('\t')[0])
    expect(names).toEqual(expect.arrayContaining([...there]))
    for (const name of away) expect(names).not.toContain(name)
  })

  test.skipIf(!hasShell('zsh')).each(asked)('of zsh after %j offers %j and not %j', (words, there, away) => {
    const typed = ['longitude', ...words.filter((word, at) => word !== '' || at > 0)]
    const shell = [
      'compdef() { : }; _files() { : }; _describe() { print -l -- ${found%%:*} }; compadd() { print -l -- "$@" }',
      completionOf('zsh', commandLine()),
      `words=(${typed.map((word) => `'${word}'`).join(' ')}); CURRENT=${typed.length}; _longitude`,
    ].join('\n')
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', shell], { encoding: 'utf8' })
    expect(stderr).toBe('')
    const names = stdout.split('\n')
    expect(names).toEqual(expect.arrayContaining([...there]))
    for (const name of away) expect(names).not.toContain(name)
  })

  test('of another shell is refused with those that there are', async () => {
    expect((await ran('completion', 'csh')).errors).toBe(
      'longitude: no completion for csh; there is one for bash, zsh, fish\n',
    )
  })
})
