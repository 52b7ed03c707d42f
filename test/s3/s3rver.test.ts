/** The adapter of S3 at a server by other authors, whose address LONGITUDE_TEST_S3 has (run.mjs). The default run has only the stand-in. */
import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { S3Blobs } from '../../src/adapters/s3/s3-blobs.ts'
import { S3Connection } from '../../src/adapters/s3/s3-connection.ts'
import { partBytes } from '../../src/adapters/s3/s3-limits.ts'
import { authorizationOf } from '../../src/http/access/signer.ts'
import { BucketRefused, isObjectKey } from '../../src/ports/buckets.ts'

const endpoint = process.env['LONGITUDE_TEST_S3']
/** Those that s3rver has. */
const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
const connections: S3Connection[] = []

afterAll(() => connections.forEach((connection) => connection.close()))

function blobsAt(bucket: string): S3Blobs {
  const connection = new S3Connection({
    endpoint: endpoint ?? '',
    region: 'us-east-1',
    bucket,
    sign: ({ region, ...request }) => {
      const scope = { scopeDate: request.time.slice(0, 8), region, service: 's3' }
      return authorizationOf({ ...request, ...credentials, scope })
    },
  })
  connections.push(connection)
  return new S3Blobs({ connection, prefix: 'of/us-east-1/', isName: isObjectKey })
}

describe.runIf(endpoint !== undefined)('blobs at s3rver', () => {
  test('are read as they were put, whole and in ranges, and are gone when deleted', async () => {
    const blobs = blobsAt('bucket')
    const bytes = randomBytes(10_000)
    await blobs.put('a/plain', bytes)
    expect(await blobs.get('a/plain')).toEqual(bytes)
    expect(await blobs.get('a/plain', { from: 100, to: 200 })).toEqual(bytes.subarray(100, 200))
    expect(await blobs.get('a/plain', { from: 9990, to: 20_000 })).toEqual(bytes.subarray(9990))
    expect(await blobs.get('a/none')).toBeUndefined()
    await blobs.delete('a/plain')
    await blobs.delete('a/plain')
    expect(await blobs.get('a/plain')).toBeUndefined()
  })

  test('that are large travel in parts', async () => {
    const blobs = blobsAt('bucket')
    const bytes = randomBytes(2 * partBytes + 1000)
    await blobs.put('large', bytes)
    expect((await blobs.get('large'))?.equals(bytes)).toBe(true)
  })

  test('are listed in order, page by page', async () => {
    const blobs = blobsAt('bucket')
    const names = Array.from({ length: 12 }, (_, n) => `list/${String(n).padStart(3, '0')}`)
    for (const name of names) await blobs.put(name, Buffer.from(name))
    expect(await blobs.list('list/', '', 5)).toEqual(names.slice(0, 5))
    expect(await blobs.list('list/', names[4] ?? '', 100)).toEqual(names.slice(5))
  })

  test('of a bucket that is not there are refused', async () => {
    const refused = blobsAt('nowhere').get('a')
    await expect(refused).rejects.toBeInstanceOf(BucketRefused)
    await expect(refused).rejects.toMatchObject({ code: 'S3NoSuchBucket' })
  })
})
