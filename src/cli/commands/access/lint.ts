/** `longitude access lint`: what is usually wrong in the policies of a file of identities. */
import type { Command } from 'commander'
import { type Finding, lintPolicy } from '../../../core/access/lint-policy.ts'
import { parsePolicy } from '../../../core/access/parse-policy.ts'
import type { IdentityDefinitions } from '../../../core/access/identities.ts'
import { identitiesOf } from './identities-of.ts'

type Placed = Finding & { readonly policy: string }

/** Status 1 when something was found. */
export function runLint(command: Command, json: boolean): void {
  const { path, identities } = identitiesOf(command)
  const found = documentsIn(identities.definitions).flatMap(([policy, document]) =>
    lintPolicy(parsePolicy(document, 'identity')).map((finding): Placed => ({ policy, ...finding })),
  )
  if (json) console.log(JSON.stringify(found))
  else if (found.length === 0) console.log(`${path}: nothing was found`)
  else for (const { policy, statement, problem } of found) console.log(`${policy}, ${statement}: ${problem}`)
  if (found.length > 0) process.exitCode = 1
}

function documentsIn({ users, groups, roles, policies }: IdentityDefinitions): readonly (readonly [string, unknown])[] {
  const inline = [
    ...users.map((each) => [`user ${each.name}`, each] as const),
    ...groups.map((each) => [`group ${each.name}`, each] as const),
    ...roles.map((each) => [`role ${each.name}`, each] as const),
  ].flatMap(([place, { policies: own = {} }]) =>
    Object.entries(own).map(([name, document]) => [`${place}, policy ${name}`, document] as const),
  )
  return [...inline, ...policies.map(({ name, document }) => [`policy ${name}`, document] as const)]
}
