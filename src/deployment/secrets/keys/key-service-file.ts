/**
 * The file of `--key-service` (0600): which key service a region asks, and how. `REGION` in it stands for the region's name.
 *
 *   {"kind": "kms", "endpoint": "https://kms.eu-west-1.amazonaws.com", "region": "eu-west-1", "key": "alias/longitude"}
 *   {"kind": "vault", "endpoint": "https://vault:8200", "mount": "transit", "namespace": "team", "tokenFile": "/run/vault-token", "key": "longitude"}
 *
 * Credentials of KMS are those of the environment (AWS_ACCESS_KEY_ID …) unless the file has them.
 */
import { z } from 'zod'
import { KmsKeys } from '../../../adapters/keys/kms-keys.ts'
import { VaultKeys } from '../../../adapters/keys/vault-keys.ts'
import { authorizationOf } from '../../../http/access/signer.ts'
import type { KeyService } from '../../../ports/key-service.ts'
import { KeyUnavailable } from '../../../ports/keyring.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { readSecretFile } from '../followed-file.ts'
import { readSecret } from '../nats/nats-access.ts'

const what = 'key service'
const option = '--key-service'
/** Keys travel in its answers, so that plain HTTP is for this machine only. */
const endpoint = z
  .string()
  .regex(
    /^(https:\/\/[^/\s]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)$/,
    'https:// with a host and a port, or http:// on the loopback',
  )
const name = z.string().min(1).max(2048)
/** The region's own key, for all that is no table with a key of its own; none: `--keyring` has it, or only tables are encrypted by the service. */
const key = name.optional()
const kms = z.strictObject({
  kind: z.literal('kms'),
  endpoint,
  region: name.optional(),
  key,
  accessKeyId: name.optional(),
  secretAccessKey: name.optional(),
  sessionToken: name.optional(),
})
const vault = z.strictObject({
  kind: z.literal('vault'),
  endpoint,
  mount: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, 'a path')
    .default('transit'),
  namespace: z
    .string()
    .regex(/^[\w./-]+$/, 'a path')
    .optional(),
  tokenFile: name,
  key,
})
const file = z.discriminatedUnion('kind', [kms, vault])

export type ToldKeys = {
  readonly keys: KeyService & { close(): void }
  /** The region's own key. */
  readonly key: string | undefined
}

type Of = { readonly region: string; readonly accountId: string }

/** Throws a Failure. */
export function readKeyService(path: string, { region, accountId }: Of): ToldKeys {
  // Refuses a file that others can read.
  readSecret(path, option)
  const told = readSecretFile(path, what, file)
  const here = (text: string): string => text.replaceAll('REGION', region)
  const own = told.key === undefined ? undefined : here(told.key)
  const arnOf = (each: string): string => `arn:aws:kms:${region}:${accountId}:key/${each}`
  if (told.kind === 'kms') return { keys: kmsKeys(told, here, region), key: own }
  const { tokenFile, mount, namespace } = told
  const token = (): string => tokenIn(tokenFile)
  const keys = new VaultKeys({
    endpoint: here(told.endpoint),
    mount: here(mount),
    namespace: namespace === undefined ? undefined : here(namespace),
    token,
    arnOf,
  })
  return { keys, key: own }
}

type Here = (text: string) => string

function kmsKeys(told: z.output<typeof kms>, here: Here, self: string): KmsKeys {
  const { AWS_ACCESS_KEY_ID: idOutside, AWS_SECRET_ACCESS_KEY: secretOutside, AWS_SESSION_TOKEN: token } = process.env
  const accessKeyId = told.accessKeyId ?? idOutside
  const secretAccessKey = told.secretAccessKey ?? secretOutside
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Failure(
      `${option}: an endpoint of KMS needs credentials: "accessKeyId" and "secretAccessKey" in the file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    )
  const region = here(told.region ?? self)
  return new KmsKeys({
    endpoint: here(told.endpoint),
    sessionToken: told.accessKeyId === undefined ? token : told.sessionToken,
    sign: (request) =>
      authorizationOf({
        ...request,
        accessKeyId,
        secretAccessKey,
        scope: { scopeDate: request.time.slice(0, 8), region, service: 'kms' },
      }),
  })
}

function tokenIn(path: string): string {
  let text: string
  try {
    text = readSecret(path, 'tokenFile').trim()
  } catch (error) {
    throw new KeyUnavailable(messageOf(error))
  }
  // It becomes a header.
  if (!/^[\x21-\x7e]+$/.test(text)) throw new KeyUnavailable(`tokenFile ${path} holds no token`)
  return text
}
