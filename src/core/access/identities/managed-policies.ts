/** The few policies of AWS's own that applications of DynamoDB name, by their ARNs: what they say of DynamoDB and of who may call. */
import type { Named } from '../evaluate-policies.ts'
import { parsePolicy } from '../parse-policy.ts'

const allowed = (actions: string | readonly string[]): unknown => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
})

const reading = [
  'dynamodb:BatchGetItem',
  'dynamodb:Describe*',
  'dynamodb:GetAbacStatus',
  'dynamodb:GetItem',
  'dynamodb:GetResourcePolicy',
  'dynamodb:List*',
  'dynamodb:PartiQLSelect',
  'dynamodb:Query',
  'dynamodb:Scan',
]

const documents: Readonly<Record<string, unknown>> = {
  AWSDenyAll: {
    Version: '2012-10-17',
    Statement: [{ Sid: 'DenyAll', Effect: 'Deny', Action: ['*'], Resource: '*' }],
  },
  AdministratorAccess: allowed('*'),
  AmazonDynamoDBFullAccess: allowed('dynamodb:*'),
  AmazonDynamoDBFullAccess_v2: allowed('dynamodb:*'),
  AmazonDynamoDBReadOnlyAccess: allowed(reading),
  IAMFullAccess: allowed(['iam:*']),
  PowerUserAccess: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' }],
  },
}

/** Their documents, by ARN. */
export const documentsOfAws: ReadonlyMap<string, unknown> = new Map(
  Object.entries(documents).map(([name, document]) => [`arn:aws:iam::aws:policy/${name}`, document]),
)

export const managedByAws: readonly (readonly [arn: string, policy: Named])[] = [...documentsOfAws].map(
  ([arn, document]) => [arn, { name: arn, policy: parsePolicy(document, 'identity') }],
)
