/** npm run simulate:strong -- [options]: many seeds of strongly consistent tables, or one (many-seeds.ts). */
import { simulateSeeds } from '../many-seeds.ts'
import { runStrong } from './run-strong.ts'
import { strongFaultNames } from './strong-faults.ts'

process.exitCode = await simulateSeeds({ command: 'simulate:strong', faultNames: strongFaultNames, run: runStrong })
