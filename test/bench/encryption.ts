/**
 * What encryption at rest costs: the same operations on two nodes, one with a keyring, round by round beside each other. With --control neither has one: the
 * ratios then say what this bench tells of equals.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { Load, type NodeOrder, started, stopAll } from './children.ts'
import { controlledFlagsOf } from './flags.ts'
import { machine } from './machine.ts'
import { reportPairs } from './pairs.ts'
import { region, sideBySide } from './side-by-side.ts'

const flags = controlledFlagsOf(`npm run bench:encryption -- [options]

  --quick     within a minute
  --json      the ratios alone
  --control   two plain nodes`)
const size = flags.quick
  ? { blocks: 2, rounds: 4, ms: 600, items: 4000, connections: 32 }
  : { blocks: 4, rounds: 20, ms: 1000, items: 20_000, connections: 32 }
const encrypted = flags.control ? 'plain again' : 'encrypted'
/** Query20 reads 20 items of about 500 bytes, Scan100 reads 100. */
const measured = ['GetItem', 'PutItem', 'Query20', 'Scan100'] as const
const pairs = measured.map((name) => ({
  name: `${name} ${encrypted} / plain`,
  of: `${name} ${encrypted}`,
  over: `${name} plain`,
}))
const about = machine()

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const samples = await sideBySide({
    load,
    nats: path,
    kinds: ['plain', encrypted],
    operations: measured,
    orderOf,
    size,
  })
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  reportPairs(samples, pairs, { bench: 'encryption', root, machine: about, size, json: flags.json })
} finally {
  await stopAll()
}

/** With message keys both, which encryption needs: that is all in which they differ. */
function orderOf(kind: string, folder: string): Partial<NodeOrder> {
  const messageKeys = join(folder, 'message-keys')
  makeMessageKeys(messageKeys, [region])
  return { messageKeys, more: kind === 'encrypted' ? { keyring: join(folder, 'keyring') } : {} }
}
