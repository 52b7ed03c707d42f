/** Functions as requests name them: by name, by a part of an ARN, or by an ARN, each with a version or without. There is one version, $LATEST. */
import { LambdaError } from '../../core/triggers/lambda-error.ts'
import { functionNameLengthMax } from '../../core/limits/trigger-limits.ts'
import type { FunctionInfo } from '../../ports/functions.ts'
import type { LambdaContext } from './lambda-operation.ts'

const pattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?'
const whole =
  /^(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/

export type NamedFunction = { readonly name: string; readonly arn: string; readonly info: FunctionInfo | undefined }

type Places = Pick<LambdaContext, 'functions' | 'settings'>

/** `info` is undefined for what the region does not have: another region's or account's, another version, or none that is configured. */
export function functionNamed(text: string, { functions, settings }: Places, given?: string): NamedFunction {
  const match = whole.exec(text)
  if (match === null || text.length > functionNameLengthMax)
    throw new LambdaError(
      'ValidationException',
      `1 validation error detected: Value '${text.slice(0, functionNameLengthMax)}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern}`,
    )
  const [, region = settings.region, account = settings.accountId, name = '', inName] = match
  const qualifier = inName ?? given
  const arn = `${functionArn({ region, accountId: account }, name)}${qualifier === undefined ? '' : `:${qualifier}`}`
  const isHere =
    region === settings.region && account === settings.accountId && (qualifier === undefined || qualifier === '$LATEST')
  return { name, arn, info: isHere ? functions.all().find((each) => each.name === name) : undefined }
}

export const functionArn = ({ region, accountId }: LambdaContext['settings'], name: string): string =>
  `arn:aws:lambda:${region}:${accountId}:function:${name}`

export const functionNotFound = (arn: string): LambdaError =>
  new LambdaError('ResourceNotFoundException', `Function not found: ${arn}`)
