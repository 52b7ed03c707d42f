/**
 * What `--capacity enforce` costs a GetItem and a PutItem: a region that counts beside one that does not, each with a table that has more than enough of everything. With
 * --control neither counts: the ratios then say what this bench tells of equals. The difference is about a microsecond of a GetItem, so that its rate means something only
 * on a machine that does nothing else; processor time is steadier.
 */
import { fileURLToPath } from 'node:url'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { Load, started, stopAll } from './children.ts'
import { controlledFlagsOf } from './flags.ts'
import { machine } from './machine.ts'
import { reportPairs } from './pairs.ts'
import { sideBySide } from './side-by-side.ts'

const flags = controlledFlagsOf(`npm run bench:capacity -- [options]

  --quick     within a minute
  --json      the ratios alone
  --control   two regions that do not count`)
const size = flags.quick
  ? { blocks: 2, rounds: 6, ms: 600, items: 4000, connections: 32 }
  : { blocks: 5, rounds: 40, ms: 900, items: 20_000, connections: 32 }
/** So many that nothing is ever short, and as many partitions as there can be. */
const plenty = {
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 700_000, WriteCapacityUnits: 250_000 },
}
const counting = flags.control ? 'off again' : 'enforce'
const measured = ['GetItem', 'PutItem'] as const
const pairs = measured.map((name) => ({
  name: `${name} with ${counting} / off`,
  of: `${name} ${counting}`,
  over: `${name} off`,
}))
const about = machine()

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const samples = await sideBySide({
    load,
    nats: path,
    kinds: ['off', counting],
    operations: measured,
    orderOf: (kind) => ({ capacity: kind === 'enforce' ? 'enforce' : 'off' }),
    table: plenty,
    size,
  })
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  reportPairs(samples, pairs, { bench: 'capacity', root, machine: about, size, json: flags.json })
} finally {
  await stopAll()
}
