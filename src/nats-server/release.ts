/**
 * The official release of nats-server. Its digests stand here: what is published beside a download proves nothing to those who
 * doubt the download.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execute } from './execute.ts'

const version = '2.12.15'
/** SHA-256 of the archives, as the official image of that version checks them. */
const digests: Readonly<Record<string, string>> = {
  'linux-amd64': '58ab8131f819263897e2fc38e503e1b755b63bcafeecc7d12582487df48ca15e',
  'linux-arm64': 'b724db99fefbf8f5c808baa82819ee50350aee9734017e4a478f7e545cef3ab6',
}
const base = `https://github.com/nats-io/nats-server/releases/download/v${version}`
const downloadMsMax = 180_000
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Rejects with what is missing. */
export async function fetchRelease(folder: string): Promise<string> {
  const { name, digest } = assetOf(process.platform, process.arch)
  const archive = join(folder, 'release.tar.gz')
  const bytes = await download(`${base}/${name}.tar.gz`)
  checkDigest(bytes, digest)
  writeFileSync(archive, bytes)
  await execute('tar', ['-xzf', archive, '-C', folder], { timeoutMs: downloadMsMax })
  return join(folder, name, 'nats-server')
}

export type Asset = { readonly name: string; readonly digest: string }

/** Throws for a platform whose digest is not known here. */
export function assetOf(platform: string, arch: string): Asset {
  const kind = `${platform}-${architectures[arch] ?? arch}`
  const digest = digests[kind]
  if (digest === undefined)
    throw new Error(
      `no release for ${platform} on ${arch} is known by its digest: install nats-server, or name one by --nats-server`,
    )
  return { name: `nats-server-v${version}-${kind}`, digest }
}

export function checkDigest(bytes: Buffer, wanted: string): void {
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== wanted) throw new Error(`the download's SHA-256 is ${found}, not ${wanted}: it is thrown away`)
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadMsMax) })
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
