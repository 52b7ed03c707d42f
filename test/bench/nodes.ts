/**
 * What a region of three nodes costs beside one of one node: two deployments of `longitude up` on this machine, measured in turn in every round. Processor time is that of all
 * processes of a deployment: nodes, NATS servers, quorum servers, balancer. Members that share two cores take turns: on machines of their own three nodes are faster.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { testAdminToken } from '../admin-token.ts'
import { type Child, Load, removeFolder, started, stopAll, temporaryFolder } from './children.ts'
import { flagsOf } from './flags.ts'
import { machine } from './machine.ts'
import { type Candidate, measure } from './measure.ts'
import { reportPairs, requestsOf } from './pairs.ts'
import { aimAt, call, createTable, fillRequest, tableName } from './requests.ts'

const flags = flagsOf(`npm run bench:nodes -- [options]

  --quick   within a minute
  --json    the ratios alone`)
const size = flags.quick
  ? { rounds: 3, ms: 1000, items: 2000, connections: 32 }
  : { rounds: 9, ms: 3000, items: 20_000, connections: 32 }
const startMsMax = 120_000
const counts = [1, 3] as const
/** GetItem is strongly consistent. */
const measured = ['PutItem', 'GetItem', 'GetItemEventual'] as const
const pairs = measured.map((name) => ({
  name: `${name} of 3 nodes / one`,
  of: `${name}, 3 nodes`,
  over: `${name}, one node`,
}))

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = join(root, 'dist', 'cli', 'cli.js')
const folder = temporaryFolder()
const about = machine()

try {
  const load = await started(Load.start())
  const candidates: Candidate[] = []
  for (const count of counts) candidates.push(...(await candidatesOf(count)))
  // Side by side: those of one operation come one after the other.
  const ordered = measured.flatMap((name) => candidates.filter((each) => each.name.startsWith(`${name},`)))
  reportPairs(await measure(load, ordered, size), pairs, {
    bench: 'nodes',
    root,
    machine: about,
    size,
    json: flags.json,
  })
} finally {
  await stopAll()
  removeFolder(folder)
}

type Deployment = Child & { readonly port: number; readonly pids: readonly number[] }

async function startDeployment(nodes: number, basePort: number): Promise<Deployment> {
  const around = ['--no-cache', '--no-console', '--no-front-door', '--no-latency', '--json']
  const place = ['--data', join(folder, `of-${nodes}`), '--base-port', String(basePort), '--regions', 'us-east-1']
  const environment = { ...process.env, LONGITUDE_ADMIN_TOKEN: testAdminToken, XDG_STATE_HOME: folder }
  const args = [program, 'up', ...place, '--nodes', String(nodes), ...around]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], env: environment })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${nodes} nodes do not start`)), startMsMax)
    createInterface({ input: child.stdout }).once('line', (text) => {
      clearTimeout(timer)
      resolve(text)
    })
    void ended.then(() => reject(new Error('`longitude up` has ended')))
  })
  const { processes } = JSON.parse(line) as { readonly processes: readonly number[] }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  return { pid: child.pid ?? 0, port: basePort, pids: processes, stop }
}

async function candidatesOf(count: (typeof counts)[number]): Promise<readonly Candidate[]> {
  const { port, pids } = await started(startDeployment(count, 20_000 + 1000 * count))
  const aim = aimAt(port)
  await createTable(aim)
  for (let n = 0; n < size.items; n += 25) await call(aim, ...fillRequest(tableName, n))
  return measured.map((name) => ({
    name: `${name}, ${count === 1 ? 'one node' : `${count} nodes`}`,
    target: { port, pids },
    requests: requestsOf(name, aim, size),
  }))
}
