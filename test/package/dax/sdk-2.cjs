/**
 * Amazon's DAX client for version 2 of the AWS SDK for JavaScript, unmodified, against a cache of Longitude.
 *
 *   node sdk-2.cjs dax://127.0.0.1:8111 http://127.0.0.1:8000
 */
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'
const assert = require('node:assert/strict')
const AWS = require('aws-sdk')
const AmazonDaxClient = require('amazon-dax-client')
const [dax, endpoint] = process.argv.slice(2)
const settings = { region: 'us-east-1', accessKeyId: 'any', secretAccessKey: 'any' }
async function main() {
  const region = new AWS.DynamoDB({ ...settings, endpoint })
  const TableName = 'V2Things'
  await region
    .createTable({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    })
    .promise()
  const service = new AmazonDaxClient({ endpoints: [dax], ...settings, credentials: new AWS.Credentials('any', 'any') })
  const client = new AWS.DynamoDB.DocumentClient({ service })
  const Item = { pk: 'a', sk: -1.5, text: 'x', list: [1, null, { deep: true }], set: client.createSet(['a', 'b']) }
  await client.put({ TableName, Item }).promise()
  const got = await client.get({ TableName, Key: { pk: 'a', sk: -1.5 } }).promise()
  assert.deepEqual(got.Item.list, Item.list)
  assert.deepEqual(got.Item.set.values, ['a', 'b'])
  const updated = await client
    .update({
      TableName,
      Key: { pk: 'a', sk: -1.5 },
      UpdateExpression: 'SET text = :t',
      ExpressionAttributeValues: { ':t': 'y' },
      ReturnValues: 'UPDATED_NEW',
    })
    .promise()
  assert.deepEqual(updated.Attributes, { text: 'y' })
  const { Items } = await client
    .query({ TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'a' } })
    .promise()
  assert.equal(Items.length, 1)
  await assert.rejects(client.put({ TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' }).promise(), {
    code: 'ConditionalCheckFailedException',
  })
  await region.deleteTable({ TableName }).promise()
  console.log('the checks of Amazon’s DAX client for the AWS SDK for JavaScript 2 hold')
  service.shutdown?.()
  process.exit(0)
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
