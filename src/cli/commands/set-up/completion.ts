/** `longitude completion bash`: what a shell reads to complete commands and options. */
import type { Command } from 'commander'
import { completionOf } from '../../completion.ts'

export async function runCompletion(command: Command, json: boolean): Promise<void> {
  const [shell = ''] = command.args
  let program = command
  while (program.parent !== null) program = program.parent
  const script = completionOf(shell, program)
  console.log(json ? JSON.stringify({ shell, script }) : script)
  await Promise.resolve()
}
