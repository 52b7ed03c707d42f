import { beforeAll, expect, test } from 'vitest'
import { embeddedStage } from '../../src/cli/commands/run/demo.ts'
import { tellDemo } from '../../src/cli/commands/run/demo-story.ts'
import { outputOf, shapeOf } from '../docs/outputs.ts'
import { longitude, prepareProgram } from './command-line.ts'

beforeAll(prepareProgram, 60_000)

test('README shows what the demo prints, but for its times', { timeout: 120_000 }, async () => {
  const { status, output, errors } = await longitude('demo')
  expect(status, errors).toBe(0)
  expect(shapeOf(output)).toBe(shapeOf(outputOf('README.md', 'demo')))
})

test(
  'the demo tells who won, what was lost, the lag and the verdict, on the embedded cluster too',
  { timeout: 60_000 },
  async () => {
    const stage = await embeddedStage('no nats-server was found')
    const lines: string[] = []
    try {
      await tellDemo(stage, (line) => void lines.push(line))
    } finally {
      await stage.close()
    }
    const text = lines.join('\n')
    expect(text).toContain(
      '70 ms apart (regions in this process, on memory and without NATS, because no nats-server was found)',
    )
    expect(text).toMatch(/eu-west-1 has it \d+ ms later/)
    expect(text).toMatch(/us-east-1 says: 1 write pending, the oldest \d+\.\d s old/)
    expect(text).toMatch(/Both regions read cancelled, \d+ ms after the heal/)
    expect(text).toContain('Won:      cancelled, by eu-west-1: the later write')
    expect(text).toContain('Lost:     shipped, by us-east-1')
    expect(text).toContain('Pending:  0 writes')
    expect(text).toContain('Verdict:  both replicas hold the same items')
    expect(text.split('\n').length).toBeLessThan(26)
  },
)
