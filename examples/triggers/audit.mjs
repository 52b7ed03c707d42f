// Keeps an audit log of every change, in the region that runs it. An event may come twice: its id makes the entry the same one.
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'

const client = new DynamoDBClient({}) // Longitude says where the region is: AWS_ENDPOINT_URL_DYNAMODB

export async function handler({ Records }) {
  for (const { eventID, eventName, dynamodb } of Records) {
    const change = { id: { S: eventID }, what: { S: eventName }, at: { S: dynamodb.SequenceNumber } }
    await client.send(new PutItemCommand({ TableName: 'Audit', Item: { ...change, of: { M: dynamodb.Keys } } }))
  }
}
