/** With what status a command ends: the one table, for programs, their help and their documentation. */
import { exitCode, unknownStatus, usageStatus } from './failure.ts'
import { signalStatus } from './process-end.ts'

export const exitTable: readonly { readonly status: string; readonly meaning: string }[] = [
  { status: '0', meaning: 'it is done; of a question: yes' },
  {
    status: String(exitCode.failure),
    meaning:
      'it could not be done, and the sentence on the error stream says why; of a question: no (verify: the replicas differ, status --check: a region is not ready, drill run: a target was missed)',
  },
  {
    status: String(unknownStatus),
    meaning: 'the answer cannot be found out (verify, repair, status --check), or the drill could not run',
  },
  { status: String(usageStatus), meaning: 'no such command, option or argument: nothing was done' },
  { status: String(exitCode.brokenInvariant), meaning: 'a node met a mistake of its own and has stopped' },
  {
    status: Object.values(signalStatus).join(', '),
    meaning: `it was ended by ${Object.keys(signalStatus).join(', ')} before it was ready`,
  },
]
