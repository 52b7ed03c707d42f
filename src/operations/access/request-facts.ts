/**
 * What a request says of itself, as the values of IAM's condition keys: DynamoDB's own (Service Authorization Reference) and the global ones
 * that mean something here (IAM User Guide, "AWS global condition context keys"). Each is found out when a policy asks for it.
 */
import { attribute, type AttributeValue } from '../../core/attribute/value.ts'
import { dynamoDbActions } from '../../core/access/dynamodb-actions.ts'
import type { Facts } from '../../core/access/template.ts'
import type { KeySchema, Table } from '../../core/table/table.ts'
import type { Sender } from '../operation.ts'
import type { Says, Touch } from '../touch.ts'
import type { Caller } from './callers.ts'
import type { IamFacts } from './iam-request.ts'

export type About = {
  readonly caller: Caller
  readonly touch: Touch
  readonly action: string
  readonly input: unknown
  /** The table, where the region has it. */
  readonly table: Table | undefined
  readonly sender: Sender | undefined
  readonly region: string
  readonly resourceAccount: string
  readonly nowMs: number
  /** Of a request to IAM. */
  readonly iam?: IamFacts | undefined
}

export function factsOf(about: About): Facts {
  return (key) => {
    if (key.startsWith('dynamodb:')) return ofDynamoDb(key, about)
    const ofTags = tagPrefixes.find(([prefix]) => key.startsWith(prefix))
    if (ofTags !== undefined) return tagValue(ofTags[1](about), key.slice(ofTags[0].length))
    return globals[key]?.(about)
  }
}

type Told = Pick<About, 'caller' | 'action' | 'region' | 'nowMs'> & {
  readonly account: string
  /** Of the partition. */
  readonly key: string | undefined
  readonly attributes: readonly string[] | undefined
  readonly says: Says
}

/** Of a request that a person tells, of a table that need not exist. */
export function factsAsTold({ account, key, attributes, says, ...rest }: Told): Facts {
  const touch: Touch = { action: rest.action, says, ...(attributes === undefined ? {} : { attributes }) }
  const about = { ...rest, touch, input: {}, table: undefined, sender: undefined, resourceAccount: account }
  const facts = factsOf(about)
  const keys = key === undefined ? undefined : [key]
  return (name) => (byPlace[name] === 0 && keysOf(rest.action).has(name) ? keys : facts(name))
}

const one = (value: string | undefined): readonly string[] | undefined => (value === undefined ? undefined : [value])

type Input = {
  readonly ReturnConsumedCapacity?: string
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[]
  readonly TagKeys?: readonly string[]
  readonly ExternalId?: string
  readonly RoleSessionName?: string
}

const inputOf = ({ input }: About): Input => input ?? {}

const byPlace: Readonly<Record<string, number>> = {
  'dynamodb:leadingkeys': 0,
  'dynamodb:firstpartitionkeyvalues': 0,
  'dynamodb:secondpartitionkeyvalues': 1,
  'dynamodb:thirdpartitionkeyvalues': 2,
  'dynamodb:fourthpartitionkeyvalues': 3,
}

/** An action has the keys that the reference lists for it, and no others. */
function ofDynamoDb(key: string, about: About): readonly string[] | undefined {
  const { touch, action } = about
  const listed = keysOf(action)
  if (!listed.has(key)) return undefined
  const place = byPlace[key]
  if (place !== undefined) return partitionValues(about, place)
  switch (key) {
    case 'dynamodb:attributes':
      return touch.attributes
    case 'dynamodb:select':
      return one(touch.says?.select)
    case 'dynamodb:returnvalues':
      return one(touch.says?.returnValues)
    case 'dynamodb:returnconsumedcapacity':
      return one(inputOf(about).ReturnConsumedCapacity ?? 'NONE')
    case 'dynamodb:enclosingoperation':
      return one(touch.says?.enclosingOperation)
    case 'dynamodb:fulltablescan':
      return one(String(isFullScan(about)))
    default:
      return undefined
  }
}

const keysByAction: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [...dynamoDbActions].map(([action, { keys }]) => [action, new Set(keys.map((key) => key.toLowerCase()))]),
)
const noKeys: ReadonlySet<string> = new Set()
const keysOf = (action: string): ReadonlySet<string> => keysByAction.get(action) ?? noKeys

function schemaOf({ table, touch: { index } }: About): KeySchema | undefined {
  return index === undefined ? table?.key : table?.indexes.find(({ name }) => name === index)?.key
}

function partitionValues(about: About, place: number): readonly string[] | undefined {
  const schema = schemaOf(about)
  const name = schema?.partition[place]?.name
  const keys = schema === undefined ? undefined : about.touch.keysOf?.(schema)
  if (name === undefined || keys === undefined) return undefined
  const values = keys.flatMap((key) => {
    const value = attribute(key, name)
    return value === undefined ? [] : [textOf(value)]
  })
  return [...new Set(values)]
}

/** Numbers as they are kept, bytes as base64. */
function textOf(value: AttributeValue): string {
  if ('S' in value) return value.S
  if ('N' in value) return value.N
  return 'B' in value ? value.B : ''
}

function isFullScan(about: About): boolean {
  const schema = schemaOf(about)
  return schema === undefined || (about.touch.keysOf?.(schema) ?? []).length === 0
}

type Tags = Readonly<Record<string, string>>

const tagPrefixes: readonly (readonly [string, (about: About) => Tags])[] = [
  ['aws:principaltag/', ({ caller }) => caller.tags],
  ['aws:resourcetag/', ({ table, iam }) => iam?.tags ?? table?.settings.tags ?? {}],
  ['iam:resourcetag/', ({ iam }) => iam?.tags ?? {}],
  [
    'aws:requesttag/',
    (about) => Object.fromEntries((inputOf(about).Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
  ],
]

/** Names of condition keys count in any letters, and so the keys of tags in them. */
function tagValue(tags: Tags, key: string): readonly string[] | undefined {
  return one(Object.entries(tags).find(([name]) => name.toLowerCase() === key)?.[1])
}

function tagKeys(about: About): readonly string[] | undefined {
  const { Tags: tags, TagKeys: keys } = inputOf(about)
  return tags?.map(({ Key = '' }) => Key) ?? keys
}

const kinds = { root: 'Account', user: 'User', 'assumed-role': 'AssumedRole' } as const

const addressOf = (sender: Sender | undefined): readonly string[] | undefined =>
  one(sender?.address?.replace(/^::ffff:(?=\d+\.)/, ''))

const globals: Readonly<Record<string, (about: About) => readonly string[] | undefined>> = {
  'aws:currenttime': ({ nowMs }) => one(new Date(nowMs).toISOString()),
  'aws:epochtime': ({ nowMs }) => one(String(Math.floor(nowMs / 1000))),
  'aws:principalaccount': ({ caller }) => one(caller.identity.accountId),
  'aws:principalarn': ({ caller: { identity } }) => one(identity.roleArn ?? identity.arn),
  'aws:principalisawsservice': () => one('false'),
  'aws:principaltype': ({ caller }) => one(kinds[caller.identity.kind]),
  'aws:requestedregion': ({ region }) => one(region),
  'aws:resourceaccount': ({ resourceAccount }) => one(resourceAccount),
  'aws:securetransport': ({ sender }) => one(String(sender?.isSecure === true)),
  // Behind a VPC endpoint the address has another name.
  'aws:sourceip': ({ sender }) => (sender?.endpoint === undefined ? addressOf(sender) : undefined),
  'aws:sourcevpce': ({ sender }) => one(sender?.endpoint),
  'aws:vpcsourceip': ({ sender }) => (sender?.endpoint === undefined ? undefined : addressOf(sender)),
  'aws:tagkeys': tagKeys,
  'aws:tokenissuetime': ({ caller }) =>
    one(caller.issuedMs === undefined ? undefined : new Date(caller.issuedMs).toISOString()),
  'aws:useragent': ({ sender }) => one(sender?.userAgent),
  'aws:userid': ({ caller }) => one(caller.identity.userId),
  'aws:username': ({ caller }) => one(caller.userName),
  'aws:viaawsservice': () => one('false'),
  'dax:enclosingoperation': ({ touch }) => one(touch.says?.enclosingOperation),
  'iam:permissionsboundary': ({ iam }) => one(iam?.boundary),
  'iam:policyarn': ({ iam }) => one(iam?.policyArn),
  'sts:externalid': (about) => one(inputOf(about).ExternalId),
  'sts:rolesessionname': (about) => one(inputOf(about).RoleSessionName),
}
