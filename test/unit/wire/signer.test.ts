import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signingTime } from '../../../src/core/auth/signing-time.ts'
import { authorizationOf, signingKey } from '../../../src/http/access/signer.ts'
import { authorizationOf as plainly } from './sign.ts'

describe('the signer', () => {
  it('derives the key that AWS’s description derives from the same secret', () => {
    const scope = { scopeDate: '20120215', region: 'us-east-1', service: 'iam' }
    expect(signingKey('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', scope).toString('hex')).toBe(
      'f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d',
    )
  })

  it('signs as a signer that is written plainly after AWS’s description', () => {
    const blanks = fc.constantFrom('', ' ', '  ', 'a  b')
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        blanks,
        fc.string(),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }),
        (secretAccessKey, value, body, date) => {
          const time = signingTime(date.getTime())
          const headers = { host: 'localhost:8000', 'x-amz-date': time, 'x-amz-target': `any${value}` }
          const made = authorizationOf({
            accessKeyId: 'AKID',
            secretAccessKey,
            scope: { scopeDate: time.slice(0, 8), region: 'eu-west-1', service: 'dynamodb' },
            time,
            url: '/',
            headers: Object.entries(headers),
            payloadHash: createHash('sha256').update(body).digest('hex'),
          })
          expect(made).toBe(plainly({ accessKeyId: 'AKID', secretAccessKey, time, headers, body, region: 'eu-west-1' }))
        },
      ),
    )
  })
})
