/**
 * Debian's nats-server, without root: apt-get with a state of its own in our folder, and the mirror that the machine's apt is
 * set up with. The mirror is not trusted: the suite's index has to be signed by Debian's own keys, the package to have the digest of that index,
 * and no setting of the machine's apt lets another one pass. Bookworm's package is too old, so newer suites are asked; they
 * need only a C library that bookworm has.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { execute } from './execute.ts'

/** The newest first. */
export const debianSuites = ['sid', 'trixie'] as const
export type DebianSuite = (typeof debianSuites)[number]

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const fetchMsMax = 120_000

/** Rejects with what is missing. `from` is the mirror; the machine's own when it is left out. */
export async function fetchDebianPackage(suite: DebianSuite, folder: string, from?: string): Promise<string> {
  if (!existsSync(keyring)) throw new Error('this machine has no Debian keyring')
  const mirror = from ?? mirrorOf(await indexTargets())
  const options = aptOptions(folder, `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`)
  await execute('apt-get', [...options, '-qq', 'update'], { timeoutMs: fetchMsMax, folder })
  await execute('apt-get', [...options, '-qq', 'download', 'nats-server'], { timeoutMs: fetchMsMax, folder })
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
  if (file === undefined) throw new Error('apt-get downloaded nothing')
  await execute('dpkg', ['-x', file, 'root'], { timeoutMs: fetchMsMax, folder })
  return join(folder, 'root', 'usr', 'sbin', 'nats-server')
}

async function indexTargets(): Promise<string> {
  return await execute('apt-get', ['indextargets', '--format', '$(BASE_URI)'], { timeoutMs: fetchMsMax })
}

/** Lines are addresses of lists, as in `…/debian/dists/bookworm/`; the archive of security updates is another one. */
export function mirrorOf(targets: string): string {
  const line = targets.split('\n').find((address) => address.includes('/dists/') && !address.includes('security'))
  if (line === undefined) throw new Error('apt is not set up with a mirror')
  return line.replace(/\/dists\/.*$/, '/')
}

function aptOptions(folder: string, sources: string): readonly string[] {
  const [list, state, cache] = [join(folder, 'sources.list'), join(folder, 'state'), join(folder, 'cache')]
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true })
  writeFileSync(list, sources)
  const settings = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State': state,
    'Dir::Cache': cache,
    'APT::Get::List-Cleanup': '0',
    'APT::Get::AllowUnauthenticated': '0',
    'Acquire::AllowInsecureRepositories': '0',
    'Acquire::AllowWeakRepositories': '0',
    'Acquire::AllowDowngradeToInsecureRepositories': '0',
    'APT::Sandbox::User': userInfo().username,
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '15',
    'Acquire::https::Timeout': '15',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}
