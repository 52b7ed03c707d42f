/** What `longitude handler` runs, without the rest of the command line, which takes longer to load than the tests take. */
import { runHandler } from '../../../../src/node/functions/handler-program.ts'

runHandler()
