/** npm run simulate:strong-nodes -- [options]: strongly consistent tables of regions of which one has three nodes (many-seeds.ts). */
import { simulateSeeds } from '../many-seeds.ts'
import { nodesFaultNames } from '../nodes/nodes-faults.ts'
import { runStrong } from './run-strong.ts'
import { strongFaultNames } from './strong-faults.ts'

process.exitCode = await simulateSeeds({
  command: 'simulate:strong-nodes',
  faultNames: [...strongFaultNames, ...nodesFaultNames],
  run: (options) => runStrong({ ...options, several: true }),
})
