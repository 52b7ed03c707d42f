/** A simulation of policies is refused where it would compare for long. */
import { expect, test } from 'vitest'
import { compileIdentities, noDefinitions } from '../../../src/core/access/identities/identities.ts'
import { simulate } from '../../../src/operations/iam/simulate.ts'

const identities = compileIdentities('000000000000', noDefinitions)
const ports = { identities: () => identities } as Parameters<typeof simulate>[1]
const policy = (pattern: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: Array.from({ length: 20 }, () => pattern) }],
  })
const asked = (input: object) => simulate({ operation: 'SimulateCustomPolicy', input: { ...input } }, ports)

test('patterns of many stars, held against long names a thousand times', () => {
  const heavy = {
    PolicyInputList: [policy(`${'*a'.repeat(1000)}b`)],
    ActionNames: Array.from({ length: 1000 }, () => 's3:GetObject'),
    ResourceArns: ['a'.repeat(2000)],
  }
  expect(() => asked(heavy)).toThrow('The policies are too long to be simulated')
  expect(() =>
    asked({
      ...heavy,
      ResourceArns: ['*'],
      ContextEntries: [{ ContextKeyName: 'a', ContextKeyValues: ['a'.repeat(20_000)] }],
    }),
  ).toThrow('The policies are too long to be simulated')
})

test('a usual one is not refused', () => {
  const usual = {
    PolicyInputList: [policy('arn:aws:s3:::notes/*')],
    ActionNames: Array.from({ length: 100 }, () => 's3:GetObject'),
    ResourceArns: Array.from({ length: 10 }, (_, n) => `arn:aws:s3:::notes/${n}`),
  }
  expect(asked(usual)).toMatchObject({ IsTruncated: false })
})
