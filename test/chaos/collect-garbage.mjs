/** Loaded into a node by NODE_OPTIONS: SIGUSR2 collects all garbage, so that what is in use then is what is kept. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
process.on('SIGUSR2', () => collect())
