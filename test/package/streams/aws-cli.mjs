/**
 * `aws dynamodb` and `aws dynamodbstreams`, as scripts use them: a table with a stream, writes, and all records read back shard by shard.
 *
 *   node aws-cli.mjs http://127.0.0.1:8000
 *
 * Ends with status 0 when each write came as one record, those of one item in order.
 */
import { spawnSync } from 'node:child_process'

const [endpoint] = process.argv.slice(2)
const table = 'orders-cli'
const [items, versions] = [4, 3]
const env = {
  ...process.env,
  AWS_ACCESS_KEY_ID: 'anyone',
  AWS_SECRET_ACCESS_KEY: 'anything',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_PAGER: '',
}

const streamed = 'StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES'
const schema = [
  '--attribute-definitions',
  'AttributeName=id,AttributeType=S',
  '--key-schema',
  'AttributeName=id,KeyType=HASH',
]
const made = ['--table-name', table, '--billing-mode', 'PAY_PER_REQUEST', '--stream-specification', streamed]
aws('dynamodb', 'create-table', ...made, ...schema)
aws('dynamodb', 'wait', 'table-exists', '--table-name', table)
for (let version = 1; version <= versions; version++)
  for (let item = 0; item < items; item++)
    aws(
      'dynamodb',
      'put-item',
      '--table-name',
      table,
      '--item',
      json({ id: { S: `item ${item}` }, v: { N: `${version}` } }),
    )

const { Streams: streams } = aws('dynamodbstreams', 'list-streams', '--table-name', table)
const { StreamDescription: stream } = aws('dynamodbstreams', 'describe-stream', '--stream-arn', streams[0].StreamArn)
const records = stream.Shards.flatMap(({ ShardId }) => recordsOf(ShardId))
const seen = byItem(records)
const orders = [...seen.values()].map((each) => each.map(({ dynamodb }) => Number(dynamodb.NewImage.v.N)).join())
const isGood = records.length === items * versions && orders.every((order) => order === '1,2,3')
console.log(`${records.length} records of ${seen.size} items from ${stream.Shards.length} shards`)
process.exit(isGood ? 0 : 1)

function recordsOf(shardId) {
  const from = ['--stream-arn', stream.StreamArn, '--shard-id', shardId, '--shard-iterator-type', 'TRIM_HORIZON']
  const { ShardIterator } = aws('dynamodbstreams', 'get-shard-iterator', ...from)
  return aws('dynamodbstreams', 'get-records', '--shard-iterator', ShardIterator).Records
}

function keyOf({ dynamodb }) {
  return dynamodb.Keys.id.S
}

function byItem(all) {
  const groups = new Map()
  for (const each of all) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each])
  return groups
}

function json(value) {
  return JSON.stringify(value)
}

function aws(service, operation, ...rest) {
  const args = [service, operation, '--endpoint-url', endpoint, ...rest]
  const { status, stdout, stderr, error } = spawnSync('aws', args, { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`aws ${service} ${operation}: ${error?.message ?? stderr}`)
  return stdout.trim() === '' ? undefined : JSON.parse(stdout)
}
