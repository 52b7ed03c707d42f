/** Whether a value could be that of a shared thing of the name: what a peer sends is asked this before it is kept. */
import { identityTagsMax, policyVersionsMax } from '../../limits/access-limits.ts'
import { isObject } from '../../wire/json.ts'
import { parsePolicy, type PolicyKind, PolicyProblem } from '../parse-policy.ts'

type Is = (value: unknown) => boolean

const isText =
  (lengthMax: number): Is =>
  (value) =>
    typeof value === 'string' && value.length <= lengthMax
const isTrue: Is = (value) => value === true
const isMoment: Is = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isPath: Is = (value) => typeof value === 'string' && /^(\/|\/[\x21-\x7e]{1,510}\/)$/.test(value)

/** An object with these members, or some of them, and no other. */
const isRecordOf =
  (members: Readonly<Record<string, Is>>): Is =>
  (value) =>
    isObject(value) &&
    Object.entries(value).every(([name, each]) => Object.hasOwn(members, name) && members[name]?.(each) === true)

const isPolicy =
  (kind: PolicyKind): Is =>
  (value) => {
    try {
      parsePolicy(value, kind)
      return true
    } catch (error) {
      if (error instanceof PolicyProblem) return false
      throw error
    }
  }

const isTags: Is = (value) =>
  isObject(value) &&
  Object.keys(value).length <= identityTagsMax &&
  Object.entries(value).every(([key, each]) => isText(128)(key) && isText(256)(each))

const own = { path: isPath, createdMs: isMoment }
const isVersion = isRecordOf({ version: isMoment, document: isPolicy('identity'), createdMs: isMoment })
const isVersions: Is = (value) => Array.isArray(value) && value.length <= policyVersionsMax && value.every(isVersion)
const isOwnPolicy: Is = (value) =>
  isRecordOf({
    ...own,
    description: isText(1000),
    document: isPolicy('identity'),
    version: isMoment,
    versions: isVersions,
    lastVersion: isMoment,
    updatedMs: isMoment,
    tags: isTags,
  })(value) &&
  isObject(value) &&
  value['document'] !== undefined
const isKey: Is = (value) =>
  isRecordOf({ secretAccessKey: isText(256), createdMs: isMoment })(value) &&
  isObject(value) &&
  typeof value['secretAccessKey'] === 'string'

const name = '[\\w+=,.@-]'
/** By how many things it belongs to. */
const kinds: readonly (readonly (readonly [RegExp, Is])[])[] = [
  [
    [new RegExp(`^user/${name}{1,64}$`), isRecordOf(own)],
    [new RegExp(`^group/${name}{1,128}$`), isRecordOf(own)],
    [
      new RegExp(`^role/${name}{1,64}$`),
      isRecordOf({ ...own, description: isText(1000), maxSessionSeconds: isMoment }),
    ],
    [new RegExp(`^policy/${name}{1,128}$`), isOwnPolicy],
  ],
  [
    [new RegExp(`^policies/${name}{1,128}$`), isPolicy('identity')],
    [/^managed\/[\x21-\x7e]{1,2048}$/, isTrue],
    [new RegExp(`^groups/${name}{1,128}$`), isTrue],
    [/^boundary$/, isText(2048)],
    [/^tags$/, isTags],
    [/^trust$/, isPolicy('trust')],
    [/^keys\/[\w.-]{1,128}$/, isKey],
  ],
  [[/^inactive$/, isTrue]],
]

export function isSharedValue(given: string, owners: number, value: unknown): boolean {
  return (kinds[owners] ?? []).some(([form, is]) => form.test(given) && is(value))
}
