"""Amazon's DAX client for Python, unmodified, against a cache of Longitude: every operation, every type of value and of key.

  python3 client.py dax://127.0.0.1:8111 http://127.0.0.1:8000
"""
import sys
from decimal import Decimal

import boto3
from amazondax import AmazonDaxClient
from botocore.exceptions import ClientError

dax_url, region_url = sys.argv[1:3]
settings = dict(region_name='us-east-1', aws_access_key_id='any', aws_secret_access_key='any')
region = boto3.client('dynamodb', endpoint_url=region_url, **settings)
dax = AmazonDaxClient(endpoint_url=dax_url, **settings)
checks = 0


def check(found, wanted):
    global checks
    assert found == wanted, f'{found!r} instead of {wanted!r}'
    checks += 1


def numbers(value):
    """The client writes some numbers with an exponent."""
    if isinstance(value, dict):
        if list(value) == ['N']:
            return {'N': Decimal(value['N'])}
        if list(value) == ['NS']:
            return {'NS': sorted(Decimal(each) for each in value['NS'])}
        return {name: numbers(each) for name, each in value.items()}
    return [numbers(each) for each in value] if isinstance(value, list) else value


def refused(code, act):
    try:
        act()
    except ClientError as error:
        return check(error.response['Error']['Code'], code)
    raise AssertionError(f'{code} was expected')


def table(name, **key):
    region.create_table(
        TableName=name,
        BillingMode='PAY_PER_REQUEST',
        AttributeDefinitions=[{'AttributeName': n, 'AttributeType': t} for n, t in key.items()],
        KeySchema=[{'AttributeName': n, 'KeyType': kind} for n, kind in zip(key, ('HASH', 'RANGE'))],
    )
    region.get_waiter('table_exists').wait(TableName=name, WaiterConfig={'Delay': 1})


values = {
    'text': {'S': 'ünïcödé 🙂'}, 'empty': {'S': ''}, 'integer': {'N': '42'}, 'decimal': {'N': '-12.625'},
    'long': {'N': '12345678901234567890123456789012345678'}, 'fine': {'N': '0.1234567890123456789012345678901234567'},
    'bytes': {'B': b'\x00\x01\xff'}, 'yes': {'BOOL': True}, 'nothing': {'NULL': True},
    'list': {'L': [{'N': '1'}, {'S': 'two'}, {'L': []}]}, 'map': {'M': {'a': {'N': '1.5'}, 'b.c': {'S': 'dotted'}}},
    'words': {'SS': ['a', 'b']}, 'numbers': {'NS': ['1', '2.5']}, 'binaries': {'BS': [b'1', b'23']},
}
for name, types, key in [
    ('PyWords', dict(pk='S'), dict(pk={'S': 'ä key'})),
    ('PyNumbers', dict(pk='N'), dict(pk={'N': '-12.5'})),
    ('PyBytes', dict(pk='B'), dict(pk={'B': b'\x00\x80\xff'})),
    ('PyPairs', dict(pk='S', sk='N'), dict(pk={'S': 'a'}, sk={'N': '-1234567.89'})),
    ('PyBinaryPairs', dict(pk='N', sk='B'), dict(pk={'N': '3'}, sk={'B': b'\x07\x00'})),
]:
    table(name, **types)
    dax.put_item(TableName=name, Item={**key, **values})
    for _ in range(2):
        item = dax.get_item(TableName=name, Key=key)['Item']
        for each in ('words', 'binaries'):
            kind = 'SS' if each == 'words' else 'BS'
            item[each][kind] = sorted(item[each][kind])
        check(numbers(item), numbers({**key, **values}))

key = {'pk': {'S': 'u'}, 'sk': {'N': '1'}}
dax.put_item(TableName='PyPairs', Item={**key, 'n': {'N': '1'}, 'doc': {'M': {'list': {'L': [{'N': '7'}, {'S': 'x'}]}}}})
changed = dax.update_item(
    TableName='PyPairs', Key=key, UpdateExpression='SET n = n + :one, #new = :text REMOVE doc.#l[0]',
    ConditionExpression='attribute_exists(pk) AND (n = :one OR NOT contains(#new, :text))',
    ExpressionAttributeNames={'#new': 'new name', '#l': 'list'},
    ExpressionAttributeValues={':one': {'N': '1'}, ':text': {'S': 'text'}}, ReturnValues='ALL_NEW')['Attributes']
check(changed, {**key, 'n': {'N': '2'}, 'new name': {'S': 'text'}, 'doc': {'M': {'list': {'L': [{'S': 'x'}]}}}})
check(dax.get_item(TableName='PyPairs', Key=key, ProjectionExpression='doc.#l[0], n',
                   ExpressionAttributeNames={'#l': 'list'})['Item'],
      {'n': {'N': '2'}, 'doc': {'M': {'list': {'L': [{'S': 'x'}]}}}})
check(dax.update_item(TableName='PyPairs', Key=key, UpdateExpression='SET n = :v',
                      ExpressionAttributeValues={':v': {'N': '9'}}, ReturnValues='UPDATED_OLD')['Attributes'], {'n': {'N': '2'}})
check(dax.delete_item(TableName='PyPairs', Key=key, ReturnValues='ALL_OLD')['Attributes']['n'], {'N': '9'})
check('Item' in dax.get_item(TableName='PyPairs', Key=key), False)

rows = [{'pk': {'S': 'rows'}, 'sk': {'N': str(n - 2)}, 'even': {'BOOL': n % 2 == 0}} for n in range(5)]
check(dax.batch_write_item(RequestItems={'PyPairs': [{'PutRequest': {'Item': row}} for row in rows]})['UnprocessedItems'], {})
query = dict(TableName='PyPairs', KeyConditionExpression='pk = :p', ExpressionAttributeValues={':p': {'S': 'rows'}})
first = dax.query(**query, Limit=3)
check(first['Items'] + dax.query(**query, ExclusiveStartKey=first['LastEvaluatedKey'])['Items'], rows)
check(dax.query(**query, Select='COUNT', ReturnConsumedCapacity='TOTAL')['Count'], 5)
check(dax.scan(TableName='PyPairs', FilterExpression='even = :e AND pk = :p',
               ExpressionAttributeValues={':e': {'BOOL': True}, ':p': {'S': 'rows'}})['Count'], 3)
found = dax.batch_get_item(RequestItems={
    'PyPairs': {'Keys': [{'pk': row['pk'], 'sk': row['sk']} for row in rows[:2]]},
    'PyNumbers': {'Keys': [{'pk': {'N': '-12.5'}}, {'pk': {'N': '5'}}], 'ProjectionExpression': 'integer'}})
check(sorted(found['Responses']['PyPairs'], key=lambda row: int(row['sk']['N'])), rows[:2])
check(found['Responses']['PyNumbers'], [{'integer': {'N': '42'}}])

dax.transact_write_items(TransactItems=[
    {'Put': {'TableName': 'PyWords', 'Item': {'pk': {'S': 't'}, 'v': {'N': '1'}}}},
    {'Update': {'TableName': 'PyPairs', 'Key': key, 'UpdateExpression': 'ADD n :one',
                'ExpressionAttributeValues': {':one': {'N': '1'}}}}])
check(dax.transact_get_items(TransactItems=[
    {'Get': {'TableName': 'PyWords', 'Key': {'pk': {'S': 't'}}}},
    {'Get': {'TableName': 'PyWords', 'Key': {'pk': {'S': 'absent'}}}}])['Responses'],
      [{'Item': {'pk': {'S': 't'}, 'v': {'N': '1'}}}, {}])
refused('TransactionCanceledException', lambda: dax.transact_write_items(TransactItems=[
    {'ConditionCheck': {'TableName': 'PyWords', 'Key': {'pk': {'S': 't'}}, 'ConditionExpression': 'attribute_not_exists(pk)'}}]))
refused('ConditionalCheckFailedException', lambda: dax.put_item(
    TableName='PyWords', Item={'pk': {'S': 't'}}, ConditionExpression='attribute_not_exists(pk)'))
refused('ResourceNotFoundException', lambda: dax.get_item(TableName='Nowhere', Key={'pk': {'S': 'a'}}))
refused('ValidationException', lambda: dax.put_item(TableName='PyWords', Item={'pk': {'S': 't'}, 'n': {'N': '1e126'}}))

for name in ('PyWords', 'PyNumbers', 'PyBytes', 'PyPairs', 'PyBinaryPairs'):
    region.delete_table(TableName=name)
dax.close()
print(f'{checks} checks of Amazon’s DAX client for Python hold')
