/** npm run simulate:nodes -- [options]: many seeds of a region of three nodes, or one (many-seeds.ts). */
import { simulateSeeds } from '../many-seeds.ts'
import { runNodes } from './run-nodes.ts'
import { nodesFaultNames } from './nodes-faults.ts'

process.exitCode = await simulateSeeds({ command: 'simulate:nodes', faultNames: nodesFaultNames, run: runNodes })
