/** What is usually wrong in the policies of users, groups, roles and the account. */
import type { IdentityDefinitions } from './identities.ts'
import { type Finding, lintPolicy } from '../lint-policy.ts'
import { parsePolicy } from '../parse-policy.ts'

export type PlacedFinding = Finding & { readonly policy: string }

export function lintIdentities(definitions: IdentityDefinitions): readonly PlacedFinding[] {
  return documentsIn(definitions).flatMap(([policy, document]) =>
    lintPolicy(parsePolicy(document, 'identity')).map((finding) => ({ policy, ...finding })),
  )
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
