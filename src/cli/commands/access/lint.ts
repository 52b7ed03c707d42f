/** `longitude access lint`: what is usually wrong in the policies of a file of identities. */
import type { Command } from 'commander'
import { lintIdentities } from '../../../core/access/identities/lint-identities.ts'
import { identitiesOf } from './identities-of.ts'

/** Status 1 when something was found. */
export function runLint(command: Command, json: boolean): void {
  const { path, identities } = identitiesOf(command)
  const found = lintIdentities(identities.definitions)
  if (json) console.log(JSON.stringify(found))
  else if (found.length === 0) console.log(`${path}: nothing was found`)
  else for (const { policy, statement, problem } of found) console.log(`${policy}, ${statement}: ${problem}`)
  if (found.length > 0) process.exitCode = 1
}
