import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DestinationTargets } from '../../../../src/node/functions/destination-targets.ts'
import { readFunctionFile } from '../../../../src/node/functions/function-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'functions-'))

function fileOf(text: string): string {
  const path = join(folder, 'functions.yaml')
  writeFileSync(path, text)
  return path
}

describe('a file of functions', () => {
  test('names what runs each function, and where reports go', () => {
    const path = fileOf(`
functions:
  audit: { module: ./audit.mjs#handler }
  mail: { url: http://127.0.0.1:3001, timeout: 30 }
  count: { command: [./count.sh], memory: 256 }
destinations:
  arn:aws:sqs:us-east-1:000000000000:failed: { file: failed.jsonl }
  arn:aws:s3:::failed: { nats: nats://127.0.0.1:4222, subject: failed.events }
streams:
  arn:aws:kinesis:us-east-1:000000000000:stream/orders: { nats: nats://127.0.0.1:4222, subject: orders.changes }
`)
    expect(readFunctionFile(path)).toEqual({
      folder,
      functions: {
        audit: { module: './audit.mjs#handler', timeout: 3, memory: 128, processes: 1, environment: {} },
        mail: { url: 'http://127.0.0.1:3001', timeout: 30, processes: 16 },
        count: { command: ['./count.sh'], timeout: 3, memory: 256, processes: 1, environment: {} },
      },
      destinations: {
        'arn:aws:sqs:us-east-1:000000000000:failed': { file: 'failed.jsonl' },
        'arn:aws:s3:::failed': { nats: 'nats://127.0.0.1:4222', subject: 'failed.events' },
      },
      streams: {
        'arn:aws:kinesis:us-east-1:000000000000:stream/orders': {
          nats: 'nats://127.0.0.1:4222',
          subject: 'orders.changes',
          jetstream: false,
        },
      },
    })
  })

  test.each([
    ['a target of two kinds', 'functions: { a: { module: ./a.mjs#b, url: http://a } }', 'functions.a'],
    ['a module without an export', 'functions: { a: { module: ./a.mjs } }', 'functions.a'],
    ['an unknown setting', 'functions: { a: { url: http://a, retries: 3 } }', 'functions.a'],
    ['a long time', 'functions: { a: { url: http://a, timeout: 901 } }', 'functions.a'],
    ['an unknown part', 'triggers: {}', 'triggers'],
    ['a destination of another service', 'destinations: { "arn:aws:kinesis:a:1:b": { file: a } }', 'destinations'],
    ['no YAML', 'functions: [', 'cannot be used'],
  ])('is refused with %s, by its name', (_, text, where) => {
    expect(() => readFunctionFile(fileOf(text))).toThrow(where)
  })

  test('that is not there is refused', () => {
    expect(() => readFunctionFile(join(folder, 'none.yaml'))).toThrow('none.yaml')
  })
})

test('a destination that is a file gets a line a report, with the key of an object of a bucket', async () => {
  const [queue, bucket] = ['arn:aws:sqs:us-east-1:000000000000:q', 'arn:aws:s3:::b']
  const destinations = new DestinationTargets(
    { destinations: { [queue]: { file: 'reports.jsonl' }, [bucket]: { file: 'reports.jsonl' } }, folder },
    'us-east-1',
  )
  await destinations.send(queue, { body: Buffer.from('{"a":1}') })
  await destinations.send(bucket, { body: Buffer.from('{"b":2}'), key: 'aws/lambda/x' })
  expect(readFileSync(join(folder, 'reports.jsonl'), 'utf8')).toBe('{"a":1}\n{"key":"aws/lambda/x","object":{"b":2}}\n')
  expect(destinations.has('arn:aws:sns:us-east-1:000000000000:other')).toBe(false)
})
