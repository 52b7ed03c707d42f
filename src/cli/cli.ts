/** The program: parses the command line, runs the command, and tells what went wrong. */
import { codeOf } from '../process/failure.ts'
import { keepFilesPrivate } from '../process/files/private-files.ts'
import { toldOf } from './mistakes.ts'
import { commandLine } from './program.ts'

keepFilesPrivate()

// A reader of the output may end before it, as `head` does.
process.stdout.on('error', (error) => {
  if (codeOf(error) === 'EPIPE') process.exit(0)
  throw error
})

try {
  await commandLine().parseAsync()
} catch (error) {
  const { text, status } = toldOf(error, process.argv.slice(2))
  if (text !== '') console.error(text)
  process.exit(status)
}
