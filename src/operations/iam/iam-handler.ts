/** What an operation of IAM is given, and what it answers: an output, and definitions where it changes something. */
import type { Identities, IdentityDefinitions } from '../../core/access/identities/identities.ts'
import { parsePolicyText, PolicyProblem } from '../../core/access/parse-policy.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'

/** Members that the operations name; each is in form and within the model's constraints. */
export type Input = {
  readonly UserName?: string
  readonly GroupName?: string
  readonly RoleName?: string
  readonly PolicyName?: string
  readonly PolicyArn?: string
  readonly PolicyDocument?: string
  readonly AssumeRolePolicyDocument?: string
  readonly PermissionsBoundary?: string
  readonly Path?: string
  readonly PathPrefix?: string
  readonly Description?: string
  readonly MaxSessionDuration?: number
  readonly AccessKeyId?: string
  readonly Status?: 'Active' | 'Inactive'
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[]
  readonly Scope?: string
  readonly Marker?: string
  readonly MaxItems?: number
  readonly VersionId?: string
  readonly SetAsDefault?: boolean
  readonly OnlyAttached?: boolean
  readonly PolicyUsageFilter?: 'PermissionsPolicy' | 'PermissionsBoundary'
  readonly EntityFilter?: string
  readonly TagKeys?: readonly string[]
}

export type Asked = {
  readonly input: Input
  readonly identities: Identities
  readonly definitions: IdentityDefinitions
  readonly nowMs: number
  readonly random: (count: number) => Buffer
  /** The user that asks, where it is one. */
  readonly caller: string | undefined
}

export type Answered = { readonly output?: object; readonly definitions?: IdentityDefinitions }

export type Handler = (asked: Asked) => Answered

export type Handlers = Readonly<Record<string, Handler>>

export const noSuch = (what: string, name: string): ServiceRefusal =>
  new ServiceRefusal('NoSuchEntity', `The ${what} with name ${name} cannot be found.`, {
    type: 'NoSuchEntityException',
    status: 404,
  })

export const limited = (message: string): ServiceRefusal =>
  new ServiceRefusal('LimitExceeded', message, { type: 'LimitExceededException', status: 409 })

export const exists = (what: string, name: string): ServiceRefusal =>
  new ServiceRefusal('EntityAlreadyExists', `${what} with name ${name} already exists.`, {
    type: 'EntityAlreadyExistsException',
    status: 409,
  })

export const deleteConflict = (message: string): ServiceRefusal =>
  new ServiceRefusal('DeleteConflict', message, { type: 'DeleteConflictException', status: 409 })

export const conflict = (what: string): ServiceRefusal => deleteConflict(`Cannot delete entity, must ${what} first.`)

/** A policy's document; it travels as text, and is shown with its letters escaped as in an address. */
export function documentOf(text: string | undefined, kind: 'identity' | 'trust'): unknown {
  try {
    parsePolicyText(text ?? '', kind)
    return JSON.parse(text ?? '') as unknown
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error
    throw new ServiceRefusal('MalformedPolicyDocument', error.message, { type: 'MalformedPolicyDocumentException' })
  }
}

export const shownDocument = (document: unknown): string => encodeURIComponent(JSON.stringify(document))

/** As it counts towards a quota: blanks do not. */
export const sizeOf = (documents: readonly unknown[]): number =>
  documents.reduce<number>((sum, each) => sum + (JSON.stringify(each) ?? '').length, 0)

export const tagsOf = ({ Tags: tags = [] }: Input): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]))

export const shownTags = (tags: Readonly<Record<string, string>> = {}): readonly object[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

export const dateOf = (ms: number | undefined): Date => new Date(Math.floor((ms ?? 0) / 1000) * 1000)

const itemsMax = 100

/** A page of a list that is told by IAM's markers. */
export function page<Each>(all: readonly Each[], { Marker: marker, MaxItems: max = itemsMax }: Input) {
  const from = Number(marker ?? 0)
  const shown = all.slice(Number.isSafeInteger(from) ? from : 0).slice(0, max)
  const end = from + shown.length
  return { shown, more: end < all.length ? { IsTruncated: true, Marker: String(end) } : { IsTruncated: false } }
}
