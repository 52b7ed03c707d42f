import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { durationMs } from '../../../src/drills/definition/definition.ts'
import { DrillMistakes, parseDrill } from '../../../src/drills/definition/parse-drill.ts'

const head = 'name: mine\ntitle: Mine\nroles: { victim: eu-west-1 }\n'

function mistakesIn(text: string): string {
  try {
    parseDrill(text, 'mine.yaml')
    return 'none'
  } catch (error) {
    if (error instanceof DrillMistakes) return error.message
    throw error
  }
}

describe('a drill file', () => {
  it('is read into steps with their lines and texts', () => {
    const drill = parseDrill(
      `${head}steps:\n  - load: {}\n  - kill: victim\n    note: without a word\n  - wait until: { served: all, within: 5s }\n`,
      'mine.yaml',
    )
    expect(drill.steps.map(({ line, text, note }) => [line, text, note])).toEqual([
      [5, 'load: {}', undefined],
      [6, 'kill: victim', 'without a word'],
      [8, 'wait until: { served: all, within: 5s }', undefined],
    ])
    expect(drill.steps[1]?.action).toEqual({ do: 'kill', region: 'victim', part: 'region' })
    expect(drill.steps[2]?.action).toEqual({ do: 'wait until', until: { served: ['all'] }, within: 5000 })
  })

  it.each([
    ['a step that does not exist', 'steps:\n  - wait: 1s\n  - explode: victim\n', 'mine.yaml:6:5: no step "explode"'],
    ['two steps in one', 'steps:\n  - wait: 1s\n    kill: victim\n', 'mine.yaml:6:5: a step does one thing'],
    ['a region that nobody knows', 'steps:\n  - kill: mars-1\n', '"mars-1" in "kill: mars-1" is neither'],
    ['a role that is no region of the drill', 'regions: [a, b]\nsteps:\n  - wait: 1s\n', 'eu-west-1 is not one of'],
    ['a duration without a unit', 'steps:\n  - wait: 5\n', 'mine.yaml:5:5: wait: '],
    ['a duration that is none', 'steps:\n  - wait: soon\n', '"soon" is no duration'],
    ['a link that is none', 'steps:\n  - cut: victim-all\n', 'links are written a..b'],
    ['a fault that is none', 'steps:\n  - fault: { region: all, kind: meltdown }\n', 'kind: '],
    ['a word that is not known', 'steps:\n  - load: { writer: 3 }\n', 'mine.yaml:5:13: "writer" is not known here'],
    ['a condition that is not known', 'steps:\n  - wait until: { redy: all }\n', '"redy" is not known here'],
    [
      'a target that is not known',
      'targets: { rot: 5s }\nsteps:\n  - wait: 1s\n',
      'mine.yaml:4:12: "rot" is not known',
    ],
    [
      'a mistake in a repeated step',
      'steps:\n  - repeat:\n      times: 2\n      steps:\n        - wat: 1s\n',
      'mine.yaml:8:11: no step "wat"',
    ],
    ['no steps', '', 'steps: '],
    ['text that is no YAML', 'steps: [\n', 'mine.yaml:'],
  ])('with %s is refused with its line', (_, rest, message) => {
    expect(mistakesIn(head + rest)).toContain(message)
  })

  it('tells all mistakes at once', () => {
    expect(mistakesIn(`${head}steps:\n  - wait: soon\n  - explode: all\n`).split('\n')).toHaveLength(2)
  })

  it('may not hide a huge document behind aliases', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'.split('').map((name, n) => `${name}: &${name} [${`*${'abcdefgh'[n]}, `.repeat(9)}]`),
    ]
    expect(() => parseDrill(`${head}steps: []\n${bomb.join('\n')}\n`, 'mine.yaml')).toThrow()
  })
})

describe('the drills that come with Longitude', () => {
  const folder = fileURLToPath(new URL('../../../drills', import.meta.url))
  const names = readdirSync(folder)

  it('are those of the promise', () => {
    expect(names.map((name) => name.replace('.yaml', '')).toSorted()).toEqual(
      ['region-loss', 'region-isolation', 'link-flap', 'slow-link', 'asymmetric-partition', 'disk-loss', 'clock-skew']
        .concat(['restore-pitr', 'nats-loss', 'rolling-restart', 'evacuate-live', 'failback', 'side-effects'])
        .concat(['api-faults', 'evacuation', 'key-loss', 'mrsc-region-loss', 'mrsc-partition'])
        .concat(['node-loss', 'az-loss', 'rolling-upgrade'])
        .toSorted(),
    )
  })

  it.each(names)('%s is right, is called as its file, and has targets', (name) => {
    const drill = parseDrill(readFileSync(`${folder}/${name}`, 'utf8'), name)
    expect(`${drill.name}.yaml`).toBe(name)
    expect(drill.targets['acknowledged writes lost']).toBe(0)
    // The region that is cut off refuses its clients, and how long others wait is the election's.
    if (drill.consistency === 'strong') {
      expect(drill.targets.rpo).toEqual({ items: 0, age: 0 })
      return
    }
    expect(drill.targets.rto).toBeGreaterThan(0)
    // Nothing serves a table that is gone.
    expect(drill.targets.availability).toBeGreaterThan(drill.name === 'restore-pitr' ? 40 : 90)
  })
})

it('a duration has a number and a unit', () => {
  expect(['500ms', '3s', '2 m', '1.5s', '1h'].map(durationMs)).toEqual([500, 3000, 120_000, 1500, 3_600_000])
  expect(['5', 's', '-3s', '3 days', ''].map(durationMs)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
