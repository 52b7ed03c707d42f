/**
 * Where buckets are, as text: `exports=dir:./exports,archive=http://127.0.0.1:9000`. An endpoint may name the bucket that it has under another name:
 * `archive=https://s3.example.com/our-archive`.
 */
import { resolve } from 'node:path'
import { Failure } from '../../process/failure.ts'

export type BucketPlace =
  | { readonly kind: 'folder'; readonly name: string; readonly folder: string }
  | { readonly kind: 'endpoint'; readonly name: string; readonly endpoint: string; readonly bucket: string }

export type BlobsPlace = { readonly bucket: string; readonly prefix: string }

const bucketsMax = 100
const namePattern = /^[a-z0-9A-Z]+[.\-\w]*[a-z0-9A-Z]+$/
const folderScheme = 'dir:'

/** Throws a Failure that says what is wrong. Folders are made whole, from the current one. */
export function bucketPlacesOf(text: string): readonly BucketPlace[] {
  const places = text.split(',').map(placeOf)
  const twice = places.find(({ name }, at) => places.findIndex((other) => other.name === name) !== at)
  if (twice !== undefined) throw new Failure(`--s3 maps the bucket ${twice.name} twice`)
  if (places.length > bucketsMax) throw new Failure(`--s3 maps more than ${bucketsMax} buckets`)
  return places
}

function placeOf(text: string): BucketPlace {
  const equals = text.indexOf('=')
  const [name, target] = [text.slice(0, Math.max(0, equals)).trim(), text.slice(equals + 1).trim()]
  if (!namePattern.test(name))
    throw new Failure(`--s3 ${text}: write BUCKET=dir:FOLDER, or BUCKET=http://HOST:PORT of an endpoint that speaks S3`)
  if (target.startsWith(folderScheme) && target.length > folderScheme.length)
    return { kind: 'folder', name, folder: resolve(target.slice(folderScheme.length)) }
  const url = URL.canParse(target) ? new URL(target) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Failure(`--s3 ${name}: ${target} is neither dir:FOLDER nor http:// or https:// with a host`)
  if (url.username !== '' || url.password !== '')
    throw new Failure(
      `--s3 ${name}: credentials are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not from the address`,
    )
  const [bucket = '', ...more] = url.pathname.split('/').filter((part) => part !== '')
  if (more.length > 0 || url.search !== '')
    throw new Failure(`--s3 ${name}: ${target} may name one bucket of the endpoint, and nothing more`)
  return { kind: 'endpoint', name, endpoint: url.origin, bucket: bucket === '' ? name : bucket }
}

/** The same with whole paths, for a process with another current folder. */
export function wholeBucketPlaces(text: string): string {
  const texts = bucketPlacesOf(text).map((place) =>
    place.kind === 'folder'
      ? `${place.name}=${folderScheme}${place.folder}`
      : `${place.name}=${place.endpoint}/${place.bucket}`,
  )
  return texts.join(',')
}

const partPattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/

/** Of `s3://bucket/prefix`. */
export function blobsPlaceOf(text: string): BlobsPlace {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(text) ?? []
  const parts = rest.split('/').filter((part) => part !== '')
  if (!namePattern.test(bucket) || !parts.every((part) => partPattern.test(part)))
    throw new Failure(`${text} is no place in a bucket: write s3://BUCKET or s3://BUCKET/PREFIX`)
  return { bucket, prefix: parts.join('/') }
}
