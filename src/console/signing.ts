/**
 * As whom the console signs what it asks of the regions' API: with a key of the file of credentials, which is the account's root; without one, as the user
 * of the file of identities whose policies allow the most; where signatures are not verified, as any SDK would.
 */
import { dynamoDbActions } from '../core/access/dynamodb-actions.ts'
import { evaluate } from '../core/access/evaluate-policies.ts'
import type { Identities, User } from '../core/access/identities/identities.ts'
import type { Credentials } from '../core/auth/credentials.ts'
import { tableArn } from '../operations/arns.ts'
import { callerNamed } from '../operations/access/callers.ts'
import { factsAsTold } from '../operations/access/request-facts.ts'

type Key = { readonly accessKeyId: string; readonly secretAccessKey: string }
export type Signer = Key & { /** Undefined where signatures are not verified. */ readonly as?: string }

type Known = { readonly credentials: Credentials | undefined; readonly identities: Identities | undefined }

/** Chooses again when a file has changed. */
export function signerOf(
  { credentials, identities }: { readonly [Name in keyof Known]: (() => NonNullable<Known[Name]>) | undefined },
  otherwise: Key,
): () => Signer {
  let chosen: (Known & { readonly signer: Signer }) | undefined
  return () => {
    const known = { credentials: credentials?.(), identities: identities?.() }
    if (chosen?.credentials !== known.credentials || chosen?.identities !== known.identities)
      chosen = { ...known, signer: choose(known) ?? otherwise }
    return chosen?.signer ?? otherwise
  }
}

function choose({ credentials, identities }: Known): Signer | undefined {
  const lasting = [...(credentials?.values() ?? [])].filter(
    ({ sessionToken, expiresMs }) => sessionToken === undefined && expiresMs === undefined,
  )
  const root = lasting.find(({ accessKeyId }) => identities?.userOfKey.has(accessKeyId) !== true)
  if (root !== undefined) return { ...keyOf(root), as: 'the root of the account' }
  const ranked = lasting
    .flatMap((key) => {
      const user = identities?.userOfKey.get(key.accessKeyId)
      return user === undefined || identities === undefined ? [] : [{ key, user, may: allowed(user, identities) }]
    })
    .toSorted((a, b) => b.may - a.may)
  const [best] = ranked
  return best === undefined ? undefined : { ...keyOf(best.key), as: best.user.arn }
}

const keyOf = ({ accessKeyId, secretAccessKey }: Key): Key => ({ accessKeyId, secretAccessKey })

/** How many of DynamoDB's actions a user's policies allow on a table of any name. */
function allowed({ name }: User, identities: Identities): number {
  const caller = callerNamed(identities, name)
  const { accountId } = identities
  if (caller === undefined) return 0
  const region = 'us-east-1'
  const resource = tableArn({ region, accountId }, 'any')
  return [...dynamoDbActions.keys()].filter((action) => {
    const told = { key: undefined, attributes: undefined, says: {}, nowMs: 0 }
    const facts = factsAsTold({ caller, action, region, account: accountId, ...told })
    const request = { identity: caller.identity, action: `dynamodb:${action}`, resource, resourceAccount: accountId }
    return evaluate(caller.policies, { ...request, facts }).allowed
  }).length
}
