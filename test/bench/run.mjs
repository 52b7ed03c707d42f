/**
 * The project's benches: builds the program and the bench, both to plain JavaScript (a loader at run time would distort
 * what is measured), and runs one of them.
 *
 *   npm run bench                what one region does, beside a bare fastify server
 *   npm run bench:replication    what travels between three regions
 *   npm run bench:cache          hits of a cache beside the region's own reads, near and far, and by DAX's protocol; -- --dax for these alone
 *   npm run bench:streams        what change streams cost, and how fast they are read
 *   npm run bench:capacity       what --capacity enforce costs a GetItem and a PutItem
 *   npm run bench:access         what policies cost: nodes without them and with --access strict
 *   npm run bench:encryption     what encryption at rest costs reads and writes
 *   npm run bench:nodes          a region of three nodes beside one of one node
 *   npm run bench:copies         backups, restores, exports, imports, and what they cost clients
 *   npm run bench:counting       what metrics, capacity, the log of slow requests and spans cost a request
 *   npm run bench:links          what the links do to time and to throughput
 *   -- --quick                   shorter, for a look; -- --json prints nothing but the result
 *   -- --control                 of capacity and encryption: two equal nodes, whose ratios say how far the others are to be believed
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { prepare } from '../../src/cli/prepare.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [name, ...rest] = process.argv.slice(2)

prepare({ root, log: (line) => console.error(line) })
node(['node_modules/typescript/bin/tsc', '-p', 'test/bench/tsconfig.json'])
node([`dist-bench/test/bench/${name}.js`, ...rest])

function node(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
