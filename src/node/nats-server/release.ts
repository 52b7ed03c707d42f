/** The official release of nats-server, checked against the digests that are published with it. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execute } from './execute.ts'

const version = '2.12.1'
const base = `https://github.com/nats-io/nats-server/releases/download/v${version}`
const downloadMsMax = 180_000
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Rejects with what is missing. */
export async function fetchRelease(folder: string): Promise<string> {
  const name = assetName(process.platform, process.arch)
  const archive = join(folder, 'release.tar.gz')
  const [bytes, sums] = await Promise.all([download(`${base}/${name}.tar.gz`), download(`${base}/SHA256SUMS`)])
  const wanted = digestOf(sums.toString('utf8'), `${name}.tar.gz`)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== wanted) throw new Error(`the download's SHA-256 is ${found}, not ${wanted}`)
  writeFileSync(archive, bytes)
  await execute('tar', ['-xzf', archive, '-C', folder], { timeoutMs: downloadMsMax })
  return join(folder, name, 'nats-server')
}

export function assetName(platform: string, arch: string): string {
  const architecture = architectures[arch]
  if (!['linux', 'darwin'].includes(platform) || architecture === undefined)
    throw new Error(`there is none for ${platform} on ${arch}`)
  return `nats-server-v${version}-${platform}-${architecture}`
}

/** Lines of a digest and a name, as sha256sum writes them. */
export function digestOf(sums: string, name: string): string {
  for (const line of sums.split('\n')) {
    const [digest, file] = line.trim().split(/\s+\*?/)
    if (file === name && digest !== undefined && /^[0-9a-f]{64}$/.test(digest)) return digest
  }
  throw new Error(`no SHA-256 of ${name} is published`)
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadMsMax) })
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
