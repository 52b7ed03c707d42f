import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { queryInput, readForm } from '../../../src/core/services/query-input.ts'
import { queryError, queryOutput } from '../../../src/core/services/query-output.ts'
import { ServiceRefusal } from '../../../src/core/services/refusal.ts'
import { queryParametersMax } from '../../../src/core/limits/wire-limits.ts'
import { linkedInputs } from '../../../src/core/wire/model/linking.ts'
import type { Model } from '../../../src/core/wire/model/model-shape.ts'

const model: Model = {
  operations: { Op: 'In' },
  errors: {},
  shapes: {
    In: {
      type: 'structure',
      members: { S: 'S', B: 'B', N: 'N', D: 'D', T: 'T', Raw: 'Raw', L: 'L', M: 'M', Deep: 'In' },
    },
    S: { type: 'string' },
    B: { type: 'boolean' },
    N: { type: 'integer' },
    D: { type: 'double' },
    T: { type: 'timestamp' },
    Raw: { type: 'blob' },
    L: { type: 'list', member: 'In' },
    M: { type: 'map', key: 'S', value: 'S' },
  },
}
const shape = linkedInputs(model).get('Op')!
const read = (text: string) => queryInput(shape, readForm(text))

describe('a form of the Query protocol', () => {
  test('is read by the shape of its operation', () => {
    expect(
      read(
        'Action=Op&Version=1&S=a%20b&B=true&N=-7&D=1.5e2&T=2026-01-01T00%3A00%3A00Z&Raw=aGk%3D&L.member.2.S=second&L.member.1.S=first' +
          '&L.member.1.Deep.N=1&M.entry.1.key=k&M.entry.1.value=v&Unknown=1',
      ),
    ).toEqual({
      S: 'a b',
      B: true,
      N: -7,
      D: 150,
      T: 1_767_225_600,
      Raw: 'aGk=',
      L: [{ S: 'first', Deep: { N: 1 } }, { S: 'second' }],
      M: { k: 'v' },
    })
  })

  test('has lists without elements, and in the shorter form', () => {
    expect(read('L=')).toEqual({ L: [] })
    expect(read('L.1.S=a')).toEqual({ L: [{ S: 'a' }] })
  })

  test.each([
    'B=yes',
    'N=1.5',
    'D=one',
    'D=constructor',
    'T=yesterday',
    'Raw=%%%',
    'L.member.x.S=a',
    'L.member.99999.S=a',
    'M.entry.1.key=k',
  ])('is refused: %s', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'SerializationException' }))
  })

  test('has bounds', () => {
    expect(() => readForm('a&'.repeat(queryParametersMax))).toThrow('at most')
    expect(() => read(`${Array(40).fill('Deep').join('.')}.S=a`)).toThrow('nested too deeply')
  })

  test('of any text is read or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'SLMDeep.member.entrykv=&1290%2C'.split('')) }), (text) => {
        try {
          expect(typeof read(text)).toBe('object')
        } catch (error) {
          expect(error).toMatchObject({ code: 'SerializationException' })
        }
      }),
    )
  })
})

const reply = { operation: 'Op', namespace: 'http://example.com/', requestId: 'ID' }

describe('a reply of the Query protocol', () => {
  test('has its members as elements', () => {
    const output = {
      Name: '<a> & "b"',
      At: new Date(0),
      Exact: new Date(1),
      List: [{ N: 1 }, { N: 2 }],
      Map: new Map([['k', 'v']]),
      Bytes: Buffer.from('hi'),
      Flag: false,
      Absent: undefined,
    }
    expect(queryOutput(output, reply)).toBe(
      '<OpResponse xmlns="http://example.com/"><OpResult><Name>&lt;a&gt; &amp; &quot;b&quot;</Name><At>1970-01-01T00:00:00Z</At>' +
        '<Exact>1970-01-01T00:00:00.001Z</Exact><List><member><N>1</N></member><member><N>2</N></member></List>' +
        '<Map><entry><key>k</key><value>v</value></entry></Map><Bytes>aGk=</Bytes><Flag>false</Flag></OpResult>' +
        '<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></OpResponse>',
    )
    expect(queryOutput(undefined, reply)).not.toContain('OpResult')
  })

  test('that is an error says who is to blame', () => {
    const error = queryError(new ServiceRefusal('ResourceNotFound', 'no <such> alarm', { status: 404 }), reply)
    expect(error).toBe(
      '<ErrorResponse xmlns="http://example.com/"><Error><Type>Sender</Type><Code>ResourceNotFound</Code><Message>no &lt;such&gt; alarm</Message></Error><RequestId>ID</RequestId></ErrorResponse>',
    )
  })

  test('never holds what XML cannot hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const [, told = ''] = /<Name>(.*)<\/Name>/s.exec(queryOutput({ Name: text }, reply)) ?? []
        // oxlint-disable-next-line no-control-regex
        expect(told).not.toMatch(/[<>"\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/)
        expect(told.replaceAll(/&(amp|lt|gt|quot|#xD);/g, '')).not.toContain('&')
      }),
    )
  })
})
