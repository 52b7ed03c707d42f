/** What triggers of a node may invoke, and where they report to: as its file of functions says. */
import type { Log } from '../../ports/log.ts'
import { ownProgram } from '../../process/own-program.ts'
import type { FunctionPorts } from '../../region/lambda.ts'
import { ConfiguredFunctions } from './configured-functions.ts'
import { DataStreamTargets } from './data-stream-targets.ts'
import { DestinationTargets } from './destination-targets.ts'
import { readFunctionFile } from './function-file.ts'

export type OpenFunctions = FunctionPorts & {
  /** Where the region listens, for handlers that ask it. */
  listensAt(endpoint: string): void
  /** Ends every process. */
  stop(): void
}

/** Throws a Failure for a file that cannot be used. */
export function openFunctions(path: string, around: { readonly region: string; readonly log: Log }): OpenFunctions {
  const file = readFunctionFile(path)
  let listensAt: (url: string) => void = () => undefined
  const endpoint = new Promise<string>((resolve) => (listensAt = resolve))
  const functions = new ConfiguredFunctions(file, { ...around, endpoint, program: ownProgram() })
  const dataStreams = new DataStreamTargets(file, around.region)
  return {
    functions,
    destinations: new DestinationTargets(file, around.region),
    dataStreams,
    listensAt,
    stop: () => {
      functions.stop()
      dataStreams.stop()
    },
  }
}
