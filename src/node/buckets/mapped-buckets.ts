/** Buckets as a command line maps them: each to a folder, or to an endpoint that speaks S3. */
import { join } from 'node:path'
import { FolderBlobs } from '../../adapters/files/folder-blobs.ts'
import { S3Blobs } from '../../adapters/s3/s3-blobs.ts'
import { S3Connection } from '../../adapters/s3/s3-connection.ts'
import { authorizationOf } from '../../http/access/signer.ts'
import { type Blobs, isBlobName } from '../../ports/blobs.ts'
import { type Buckets, isObjectKey } from '../../ports/buckets.ts'
import { Failure } from '../../process/failure.ts'
import { archiveFolderName } from '../store/data-names.ts'
import { type BlobsPlace, type BucketPlace, blobsPlaceOf, bucketPlacesOf } from './bucket-places.ts'

export class MappedBuckets implements Buckets {
  readonly #places: ReadonlyMap<string, BucketPlace>
  readonly #open = new Map<string, Blobs>()
  readonly #connections: S3Connection[] = []

  /** Throws a Failure for a text that is none. */
  constructor(text: string | undefined) {
    const places = text === undefined ? [] : bucketPlacesOf(text)
    this.#places = new Map(places.map((place) => [place.name, place]))
  }

  bucket(name: string): Blobs | undefined {
    const known = this.#open.get(name)
    const place = this.#places.get(name)
    if (known !== undefined || place === undefined) return known
    const blobs = this.#blobsIn(place, '', isObjectKey)
    this.#open.set(name, blobs)
    return blobs
  }

  /** A part of a bucket for blobs of a region’s own. Throws a Failure where the bucket is not mapped. */
  blobsAt(text: string, region: string): Blobs {
    const { bucket, prefix } = this.placeOf(text)
    const place = this.#places.get(bucket) as BucketPlace
    return this.#blobsIn(place, `${prefix === '' ? '' : `${prefix}/`}${region}/`, isBlobName)
  }

  placeOf(text: string): BlobsPlace {
    const place = blobsPlaceOf(text)
    if (!this.#places.has(place.bucket))
      throw new Failure(`${text}: no bucket ${place.bucket} is mapped; name it by --s3 ${place.bucket}=…`)
    return place
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #blobsIn(place: BucketPlace, prefix: string, isName: (name: string) => boolean): Blobs {
    if (place.kind === 'folder') return new FolderBlobs(join(place.folder, ...prefix.split('/')), isName)
    const connection = new S3Connection({ ...place, ...credentialsOf(process.env) })
    this.#connections.push(connection)
    return new S3Blobs({ connection, prefix, isName })
  }
}

type NodePlaces = {
  readonly s3?: string | undefined
  readonly backups?: string | undefined
  readonly data: string
  readonly self: { readonly name: string }
}

/** Buckets of exports and imports, and where a node’s own backups lie. */
export function bucketsOf({ s3, backups, data, self }: NodePlaces, life: { add(stop: () => void): void }) {
  const buckets = new MappedBuckets(s3)
  life.add(() => buckets.close())
  const blobs =
    backups === undefined ? new FolderBlobs(join(data, archiveFolderName)) : buckets.blobsAt(backups, self.name)
  return { buckets, blobs }
}

/** Those of the environment, as every client of AWS finds them. Without any, requests are not signed. */
function credentialsOf(
  environment: NodeJS.ProcessEnv,
): Pick<ConstructorParameters<typeof S3Connection>[0], 'region' | 'sign' | 'sessionToken'> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  if (accessKeyId === undefined || secretAccessKey === undefined) return { region, sign: undefined }
  return {
    region,
    sessionToken: environment['AWS_SESSION_TOKEN'],
    sign: (request) =>
      authorizationOf({
        ...request,
        accessKeyId,
        secretAccessKey,
        scope: { scopeDate: request.time.slice(0, 8), region, service: 's3' },
      }),
  }
}
