/** Blobs at an endpoint of S3: signatures, parts, and what goes wrong on the way. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { S3Blobs } from '../../../src/adapters/s3/s3-blobs.ts'
import { S3Connection } from '../../../src/adapters/s3/s3-connection.ts'
import { partBytes } from '../../../src/adapters/s3/s3-limits.ts'
import { openBlob, sealBlob } from '../../../src/core/archive/sealed-blob.ts'
import { authorizationOf } from '../../../src/http/access/signer.ts'
import { BlobsFailed } from '../../../src/ports/blobs.ts'
import { BucketRefused, isObjectKey } from '../../../src/ports/buckets.ts'
import { bucketPlacesOf, wholeBucketPlaces } from '../../../src/node/buckets/bucket-places.ts'
import { MappedBuckets } from '../../../src/node/buckets/mapped-buckets.ts'
import { accessKeyId, S3StandIn, secretAccessKey } from './s3-stand-in.ts'

const standIn = new S3StandIn()
let endpoint = ''
const connections: S3Connection[] = []

beforeAll(async () => {
  endpoint = await standIn.start()
})

beforeEach(() => {
  standIn.buckets.clear()
  standIn.buckets.set('bucket', new Map())
  standIn.uploads.clear()
  standIn.faults.length = 0
  standIn.seen.length = 0
})

afterEach(() => connections.splice(0).forEach((connection) => connection.close()))
afterAll(() => standIn.close())

type Options = {
  readonly bucket?: string
  readonly secret?: string
  readonly prefix?: string
  readonly at?: string
  readonly silenceMs?: number
}

function blobsAt({
  bucket = 'bucket',
  secret = secretAccessKey,
  prefix = 'of/us-east-1/',
  at = endpoint,
  silenceMs = 20_000,
}: Options = {}) {
  const connection = new S3Connection({
    endpoint: at,
    region: 'eu-central-1',
    bucket,
    backOff: { ms: 1, msMax: 5 },
    silenceMs,
    sign: ({ region, ...request }) =>
      authorizationOf({
        ...request,
        accessKeyId,
        secretAccessKey: secret,
        scope: { scopeDate: request.time.slice(0, 8), region, service: 's3' },
      }),
  })
  connections.push(connection)
  return new S3Blobs({ connection, prefix, isName: isObjectKey })
}

const objects = (): ReadonlyMap<string, Buffer> => standIn.buckets.get('bucket') ?? new Map<string, Buffer>()

describe('blobs at an endpoint of S3', () => {
  test('are read as they were put, whole and in ranges, under names of any kind', async () => {
    const blobs = blobsAt()
    for (const name of ['a', 'b/c.d', 'blank and +plus', 'ümlaut/*(1)', "quote'&<>", 'x=1&y=2'])
      await blobs.put(name, Buffer.from(`of ${name}`))
    expect(await blobs.get("quote'&<>")).toEqual(Buffer.from("of quote'&<>"))
    expect(await blobs.get('b/c.d', { from: 3, to: 5 })).toEqual(Buffer.from('b/'))
    expect(await blobs.get('b/c.d', { from: 3, to: 500 })).toEqual(Buffer.from('b/c.d'))
    expect(await blobs.get('b/c.d', { from: 300, to: 500 })).toEqual(Buffer.alloc(0))
    expect(await blobs.get('none')).toBeUndefined()
    expect([...objects().keys()].every((key) => key.startsWith('of/us-east-1/'))).toBe(true)
    expect(await blobs.list('', '', 10)).toEqual(
      ['a', 'b/c.d', 'blank and +plus', "quote'&<>", 'x=1&y=2', 'ümlaut/*(1)'].toSorted(),
    )
    expect(await blobs.list('b', 'b/c.d', 1)).toEqual(['blank and +plus'])
    await blobs.delete('a')
    await blobs.delete('a')
    expect(await blobs.get('a')).toBeUndefined()
  })

  test('that are large travel in parts, and are seen when all of them are there', async () => {
    const bytes = randomBytes(2 * partBytes + 1)
    const blobs = blobsAt()
    await blobs.put('large', bytes)
    expect((await blobs.get('large'))?.equals(bytes)).toBe(true)
    expect(standIn.seen.filter((line) => line.includes('partNumber='))).toHaveLength(3)
    expect(standIn.uploads.size).toBe(0)
    standIn.faults.push('slow down', 'error', 'tear')
    await blobs.put('again', bytes)
    expect((await blobs.get('again'))?.equals(bytes)).toBe(true)
  })

  test.each(['late error', 'tear'] as const)(
    'that end with %s in their last step are put again by who asks',
    async (fault) => {
      const blobs = blobsAt()
      standIn.faults.push('none', 'none', 'none', fault)
      await expect(blobs.put('large', Buffer.alloc(partBytes + 1))).rejects.toThrow(BlobsFailed)
      expect(standIn.uploads.size).toBe(0)
      await blobs.put('large', Buffer.alloc(partBytes + 1))
      expect((await blobs.get('large'))?.length).toBe(partBytes + 1)
    },
  )

  test.each(['error', 'silence', 'tear', 'slow down'] as const)('are asked for again after %s', async (fault) => {
    const blobs = blobsAt({ silenceMs: 300 })
    await blobs.put('a', Buffer.from('1'))
    standIn.faults.push(fault)
    expect(await blobs.get('a')).toEqual(Buffer.from('1'))
  })

  test('fail where the endpoint fails for long, or is not there', async () => {
    standIn.faults.push(...Array<'error'>(5).fill('error'))
    await expect(blobsAt().put('a', Buffer.from('1'))).rejects.toThrow(/PUT .* failed: 500 InternalError/)
    expect(objects().size).toBe(0)
    await expect(blobsAt({ at: 'http://127.0.0.1:1' }).get('a')).rejects.toThrow(BlobsFailed)
  })

  test('of a bucket that is not there, or lets nobody in, are refused by the code of AWS', async () => {
    const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
      await work.then(
        () => 'taken',
        (error: unknown) => (error instanceof BucketRefused ? error.code : error),
      )
    expect(await codeOf(blobsAt({ bucket: 'other' }).put('a', Buffer.alloc(1)))).toBe('S3NoSuchBucket')
    expect(await codeOf(blobsAt({ bucket: 'other' }).list('', '', 1))).toBe('S3NoSuchBucket')
    expect(await codeOf(blobsAt({ bucket: 'other' }).get('a'))).toBe('S3NoSuchBucket')
    expect(await codeOf(blobsAt({ secret: 'wrong' }).get('a'))).toBe('S3AccessDenied')
  })

  test('that were torn or moved are refused by their name', async () => {
    const blobs = blobsAt()
    await blobs.put('a', sealBlob('a', [Buffer.from('content')]))
    const key = 'of/us-east-1/a'
    standIn.buckets.get('bucket')?.set(key, objects().get(key)?.subarray(0, -3) ?? Buffer.alloc(0))
    const torn = (await blobs.get('a')) ?? Buffer.alloc(0)
    expect(() => openBlob('a', torn)).toThrow('the blob a is not used: it is torn')
    await blobs.put('b', sealBlob('a', [Buffer.from('content')]))
    const moved = (await blobs.get('b')) ?? Buffer.alloc(0)
    expect(() => openBlob('b', moved)).toThrow('it was written as a')
  })
})

describe('the buckets of a command line', () => {
  test('are folders and endpoints by their names, and folders are made whole', () => {
    expect(bucketPlacesOf('one=dir:/tmp/x,two=http://127.0.0.1:9000,three=https://s3.example.com/real')).toEqual([
      { kind: 'folder', name: 'one', folder: '/tmp/x' },
      { kind: 'endpoint', name: 'two', endpoint: 'http://127.0.0.1:9000', bucket: 'two' },
      { kind: 'endpoint', name: 'three', endpoint: 'https://s3.example.com', bucket: 'real' },
    ])
    const whole = wholeBucketPlaces('one=dir:x,two=http://127.0.0.1:9000')
    expect(whole).toBe(`one=dir:${process.cwd()}/x,two=http://127.0.0.1:9000/two`)
    expect(wholeBucketPlaces(whole)).toBe(whole)
  })

  test.each([
    ['exports', 'write BUCKET=dir:FOLDER'],
    ['exports=./folder', 'is neither dir:FOLDER nor'],
    ['a1=dir:x,a1=dir:y', 'maps the bucket a1 twice'],
    ['exports=http://key:secret@host', 'credentials are taken from AWS_ACCESS_KEY_ID'],
    ['exports=http://host/a/b', 'may name one bucket'],
  ])('%s is refused, with what to do', (text, message) => {
    expect(() => bucketPlacesOf(text)).toThrow(message)
  })

  test('a place for backups is in a bucket that is mapped', () => {
    const buckets = new MappedBuckets('kept=dir:/tmp/kept')
    expect(buckets.placeOf('s3://kept/a/b/')).toEqual({ bucket: 'kept', prefix: 'a/b' })
    expect(() => buckets.placeOf('s3://other/a')).toThrow('no bucket other is mapped; name it by --s3 other=…')
    for (const text of ['kept/a', 's3://kept/../a', 's3://'])
      expect(() => buckets.placeOf(text)).toThrow('write s3://BUCKET')
    expect(buckets.bucket('other')).toBeUndefined()
    buckets.close()
  })
})
