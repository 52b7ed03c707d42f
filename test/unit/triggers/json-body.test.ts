/** Bodies for Lambda's operations are bounded before they are parsed. */
import { expect, test } from 'vitest'
import { bodyDepthMax } from '../../../src/core/limits/limits.ts'
import { invokePayloadBytesMax, mappingRequestBytesMax } from '../../../src/core/limits/trigger-limits.ts'
import { mappingBody, requireEvent } from '../../../src/operations/lambda/lambda-body.ts'

const objects = (bytes: number): Buffer => Buffer.from(`[${'{},'.repeat(bytes / 3 - 2)}{}]`)

test('an event has as many bytes, levels and values as it may have, and no more', () => {
  expect(() => requireEvent(Buffer.from('{"a":[1,{}]}'))).not.toThrow()
  expect(() => requireEvent(Buffer.alloc(invokePayloadBytesMax + 1, ' '))).toThrow(
    'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
  )
  for (const body of [objects(invokePayloadBytesMax), Buffer.from('['.repeat(bodyDepthMax + 1)), Buffer.from('{')])
    expect(() => requireEvent(body)).toThrow('Could not parse request body into json')
})

test('a request for a mapping is small', () => {
  expect(mappingBody(Buffer.from('{"FunctionName":"f"}'), 'CreateEventSourceMapping')).toEqual({ FunctionName: 'f' })
  expect(() => mappingBody(objects(15 * 1024 * 1024), 'CreateEventSourceMapping')).toThrow(
    `Request must be smaller than ${mappingRequestBytesMax} bytes for the CreateEventSourceMapping operation`,
  )
  expect(() => mappingBody(Buffer.from('['.repeat(bodyDepthMax + 1)), 'UpdateEventSourceMapping')).toThrow(
    'Could not parse request body into json',
  )
})
