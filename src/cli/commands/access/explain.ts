/** `longitude access explain --as USER ACTION TABLE [KEY]`: whether the policies allow it, and which statement says so. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Named } from '../../../core/access/evaluate-policies.ts'
import type { Identities } from '../../../core/access/identities/identities.ts'
import { parsePolicyText, PolicyProblem } from '../../../core/access/parse-policy.ts'
import { explain, type Explained, NotExplained, type ToExplain } from '../../../operations/access/explained.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { identitiesOf } from './identities-of.ts'

type Flags = {
  readonly as?: string
  readonly in: string
  readonly index?: string
  readonly attributes?: string
  readonly select?: string
  readonly returnValues?: string
  readonly resourcePolicy?: string
}

/** Status 0: it is allowed; 1: it is denied. */
export function runExplain(command: Command, json: boolean): void {
  const [action = '', table, key] = command.args
  const { as, in: region, attributes, resourcePolicy: path, ...rest } = command.opts<Flags>()
  const { identities } = identitiesOf(command)
  if (as === undefined) throw new Failure('--as USER is missing: a user of the file, or role/NAME')
  const told = explained(identities, {
    ...rest,
    as,
    action,
    region,
    table,
    key,
    attributes: attributes?.split(',').map((name) => name.trim()),
    resourcePolicy: path === undefined ? undefined : resourcePolicyOf(path),
    nowMs: Date.now(),
  })
  console.log(json ? JSON.stringify(told) : textOf(told))
  if (!told.allowed) process.exitCode = 1
}

function explained(identities: Identities, asked: ToExplain): Explained {
  try {
    return explain(identities, asked)
  } catch (error) {
    if (error instanceof NotExplained) throw new Failure(error.message)
    throw error
  }
}

function textOf({ principal, allowed, action, resource, because }: Explained): string {
  const verdict = `${principal} ${allowed ? 'may' : 'may not'} ${action} on ${resource}`
  return [verdict, ...because.map((line) => `  ${line}`)].join('\n')
}

function resourcePolicyOf(path: string): Named {
  try {
    return { name: `the policy of ${path}`, policy: parsePolicyText(readFileSync(path, 'utf8'), 'resource') }
  } catch (error) {
    if (error instanceof PolicyProblem) throw new Failure(`${path}: ${error.message}`)
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
}
