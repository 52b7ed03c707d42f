import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalRequest, headerLine, stringToSign } from '../../../src/core/auth/canonical-request.ts'

const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('the canonical request', () => {
  test('is that of the example in AWS’s documentation', () => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      host: 'iam.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
    }
    const request = canonicalRequest({
      method: 'GET',
      url: '/?Action=ListUsers&Version=2010-05-08',
      signedHeaders: Object.keys(headers).join(';'),
      headerLines: Object.entries(headers)
        .map(([name, value]) => headerLine(name, value))
        .join(''),
      payloadHash: emptyHash,
    })
    const hash = sha256(request)
    expect(hash).toBe('f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59')
    expect(sha256(stringToSign('20150830T123600Z', '20150830/us-east-1/iam/aws4_request', hash))).toBe(
      sha256(
        'AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
      ),
    )
  })

  test('is that of "get-vanilla" in AWS’s test suite', () => {
    const request = canonicalRequest({
      method: 'GET',
      url: '/',
      signedHeaders: 'host;x-amz-date',
      headerLines: 'host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n',
      payloadHash: emptyHash,
    })
    expect(sha256(request)).toBe('bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63')
  })

  const linesOf = (url: string): string[] =>
    canonicalRequest({ method: 'POST', url, signedHeaders: '', headerLines: '', payloadHash: '' }).split('\n')

  test.each([
    ['/?b=2&a=1&B=3', 'B=3&a=1&b=2'],
    ['/?a=2&a=1', 'a=1&a=2'],
    ['/?a', 'a='],
    ['/?', ''],
    ['/?a=b+c', 'a=b%2Bc'],
    ["/?a=!'()*~-._", 'a=%21%27%28%29%2A~-._'],
    ['/?a=%7E%41%2f', 'a=~A%2F'],
    ['/?a=100%', 'a=100%25'],
    ['/?b=1&X-Amz-Signature=0', 'b=1'],
  ])('has the query of %s sorted and encoded anew', (url, query) => {
    expect(linesOf(url)[2]).toBe(query)
  })

  test.each([
    ['/', '/'],
    ['/a/../b//c/', '/b/c/'],
    ['/a%20b', '/a%2520b'],
  ])('has the path of %s made plain', (url, path) => {
    expect(linesOf(url)[1]).toBe(path)
  })

  test('has header values without needless blanks', () => {
    expect(headerLine('a', '  b   c ')).toBe('a:b c\n')
  })
})
