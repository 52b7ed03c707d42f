import { describe, expect, test } from 'vitest'
import { healTold, linkName, operationTold, setLinksTold, tableTold } from '../../../src/console/model/told-commands.ts'
import { parseDrill } from '../../../src/drills/definition/parse-drill.ts'

/** A drill of one step, as a person would paste it. */
function isStep(step: string | undefined): boolean {
  parseDrill(`name: pasted\ntitle: Pasted\nsteps:\n  ${step}\n`, 'pasted.yaml')
  return true
}

describe('an action of the console, told elsewhere', () => {
  test('is a command line that a shell reads as it is meant', () => {
    const change = { links: [linkName('us-east-1', 'eu-west-1', false)], state: 'down' as const, for: '5m' }
    expect(setLinksTold(change).command).toBe("longitude links set 'us-east-1>eu-west-1' --down --for 5m")
    expect(tableTold('verify', "it's").command).toBe(String.raw`longitude verify 'it'\''s'`)
  })

  test.each([
    { state: 'down' as const },
    { state: 'down' as const, for: '30s' },
    { state: 'reset' as const, for: '30s' },
    { state: 'up' as const },
    { rtt: '250ms', jitter: '20ms', bandwidth: '5mbit', stall: '5%/300ms', for: '1h' },
  ])('is a step that a drill takes: %j', (change) => {
    const { step } = setLinksTold({ links: ['us-east-1..eu-west-1'], ...change })
    expect(isStep(step)).toBe(true)
  })

  test('is no step where drills have none', () => {
    expect(setLinksTold({ links: ['us-east-1..eu-west-1'], bandwidth: 'none' }).step).toBeUndefined()
    expect(isStep(healTold().step)).toBe(true)
    expect(isStep(healTold(['us-east-1..eu-west-1']).step)).toBe(true)
  })

  test('keeps every digit of an item in the aws command', () => {
    const input = { TableName: 'T', Item: { n: { N: '12345678901234567890123456789012345678' } } }
    const { command } = operationTold('PutItem', input, { region: 'us-east-1', endpoint: 'http://127.0.0.1:8000' })
    expect(command).toContain('aws dynamodb put-item --endpoint-url http://127.0.0.1:8000 --region us-east-1')
    expect(command).toContain('12345678901234567890123456789012345678')
    expect(operationTold('UpdateTimeToLive', {}, { region: 'r', endpoint: 'e' }).command).toContain(
      'update-time-to-live',
    )
  })
})
