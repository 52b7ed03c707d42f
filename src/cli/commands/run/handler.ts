/** `longitude handler`, hidden: a process that runs a function of a module, started by the node. */
import { runHandler } from '../../../node/functions/handler-program.ts'

export async function runHandlerCommand(): Promise<void> {
  await Promise.resolve(runHandler())
}
