// Amazon's DAX client for Go, unmodified, against a cache of Longitude.
//
//	go run . dax://127.0.0.1:8111 http://127.0.0.1:8000
package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-dax-go-v2/dax"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item = map[string]types.AttributeValue

var checks = 0

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func check(what string, found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		fmt.Printf("%s: %#v instead of %#v\n", what, found, wanted)
		os.Exit(1)
	}
	checks++
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

// The client writes some numbers with an exponent.
func plain(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		parsed, ok := new(big.Rat).SetString(v.Value)
		if !ok {
			return v.Value
		}
		return parsed.String()
	case *types.AttributeValueMemberNS:
		all := map[any]bool{}
		for _, each := range v.Value {
			all[plain(number(each))] = true
		}
		return all
	case *types.AttributeValueMemberM:
		return plainItem(v.Value)
	case *types.AttributeValueMemberL:
		all := []any{}
		for _, each := range v.Value {
			all = append(all, plain(each))
		}
		return all
	}
	return value
}

func plainItem(attributes item) map[string]any {
	all := map[string]any{}
	for name, value := range attributes {
		all[name] = plain(value)
	}
	return all
}

func main() {
	ctx := context.Background()
	provider := credentials.NewStaticCredentialsProvider("any", "any", "")
	region := dynamodb.New(dynamodb.Options{Region: "us-east-1", Credentials: provider, BaseEndpoint: aws.String(os.Args[2])})
	config := dax.DefaultConfig()
	config.HostPorts = []string{os.Args[1]}
	config.Region = "us-east-1"
	config.Credentials = provider
	client, err := dax.New(config)
	must(err)
	defer client.Close()

	tables := map[string]struct {
		types []types.ScalarAttributeType
		key   item
	}{
		"GoWords": {[]types.ScalarAttributeType{"S"}, item{"pk": text("ä key")}},
		"GoPairs": {[]types.ScalarAttributeType{"S", "N"}, item{"pk": text("a"), "sk": number("-1234567.89")}},
		"GoBytes": {[]types.ScalarAttributeType{"N", "B"}, item{"pk": number("12.5"), "sk": &types.AttributeValueMemberB{Value: []byte{7, 0}}}},
	}
	values := item{
		"text": text("ünïcödé 🙂"), "integer": number("42"), "negative": number("-7"), "decimal": number("-12.625"),
		"long": number("12345678901234567890123456789012345678"), "sixteen": number("1234567890123456.5"), "wide": number("9223372036854775808"),
		"bytes":   &types.AttributeValueMemberB{Value: []byte{0, 1, 255}},
		"yes":     &types.AttributeValueMemberBOOL{Value: true},
		"nothing": &types.AttributeValueMemberNULL{Value: true},
		"list":    &types.AttributeValueMemberL{Value: []types.AttributeValue{number("1"), text("two")}},
		"map":     &types.AttributeValueMemberM{Value: item{"a": number("1.5")}},
		"words":   &types.AttributeValueMemberSS{Value: []string{"a", "b"}},
		"numbers": &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}},
	}
	for name, table := range tables {
		makeTable(ctx, region, name, table.types)
		defer region.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(name)})
		whole := item{}
		for _, part := range []item{table.key, values} {
			for attribute, value := range part {
				whole[attribute] = value
			}
		}
		_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(name), Item: whole})
		must(err)
		for range 2 {
			got, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(name), Key: table.key})
			must(err)
			check(name, plainItem(got.Item), plainItem(whole))
		}
	}

	pairs := aws.String("GoPairs")
	key := item{"pk": text("u"), "sk": number("1")}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: pairs, Item: item{"pk": text("u"), "sk": number("1"), "n": number("1")}})
	must(err)
	updated, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: pairs, Key: key, ReturnValues: types.ReturnValueUpdatedNew,
		UpdateExpression:          aws.String("SET #n = #n + :one"),
		ConditionExpression:       aws.String("attribute_exists(pk) AND #n = :one"),
		ExpressionAttributeNames:  map[string]string{"#n": "n"},
		ExpressionAttributeValues: item{":one": number("1")},
	})
	must(err)
	check("updated", updated.Attributes, item{"n": number("2")})

	for n := range 5 {
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: pairs, Item: item{"pk": text("rows"), "sk": number(fmt.Sprint(n - 2))}})
		must(err)
	}
	query := &dynamodb.QueryInput{TableName: pairs, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": text("rows")}, Limit: aws.Int32(2)}
	found := []any{}
	for {
		page, err := client.Query(ctx, query)
		must(err)
		for _, each := range page.Items {
			found = append(found, each["sk"].(*types.AttributeValueMemberN).Value)
		}
		if query.ExclusiveStartKey = page.LastEvaluatedKey; query.ExclusiveStartKey == nil {
			break
		}
	}
	check("query", found, []any{"-2", "-1", "0", "1", "2"})

	batch, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"GoPairs": {Keys: []item{key}, ProjectionExpression: aws.String("n")},
		"GoWords": {Keys: []item{tables["GoWords"].key, {"pk": text("absent")}}},
	}})
	must(err)
	check("batch", []int{len(batch.Responses["GoPairs"]), len(batch.Responses["GoWords"])}, []int{1, 1})
	check("projected", batch.Responses["GoPairs"][0], item{"n": number("2")})

	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("GoWords"), Item: item{"pk": text("t"), "v": number("1")}}},
		{Delete: &types.Delete{TableName: pairs, Key: key}},
	}})
	must(err)
	read, err := client.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: aws.String("GoWords"), Key: item{"pk": text("t")}}},
		{Get: &types.Get{TableName: pairs, Key: key}},
	}})
	must(err)
	check("read together", read.Responses[0].Item, item{"pk": text("t"), "v": number("1")})
	check("deleted", len(read.Responses[1].Item), 0)
	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("GoWords"), Item: item{"pk": text("t")}, ConditionExpression: aws.String("attribute_not_exists(pk)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}},
	}})
	var cancelled *types.TransactionCanceledException
	check("cancelled", errors.As(err, &cancelled), true)
	check("why", cancelled.CancellationReasons[0].Item, item{"pk": text("t"), "v": number("1")})
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("GoWords"), Item: item{"pk": text("t")}, ConditionExpression: aws.String("attribute_not_exists(pk)")})
	var failed *types.ConditionalCheckFailedException
	check("condition", errors.As(err, &failed), true)
	_, err = client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("Nowhere"), Key: key})
	var absent *types.ResourceNotFoundException
	check("absent table", errors.As(err, &absent), true)
	fmt.Printf("%d checks of Amazon’s DAX client for Go hold\n", checks)
}

func makeTable(ctx context.Context, region *dynamodb.Client, name string, keyTypes []types.ScalarAttributeType) {
	input := &dynamodb.CreateTableInput{TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest}
	for n, kind := range keyTypes {
		attribute := aws.String([]string{"pk", "sk"}[n])
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{AttributeName: attribute, AttributeType: kind})
		input.KeySchema = append(input.KeySchema, types.KeySchemaElement{AttributeName: attribute, KeyType: []types.KeyType{"HASH", "RANGE"}[n]})
	}
	_, err := region.CreateTable(ctx, input)
	must(err)
	waiter := dynamodb.NewTableExistsWaiter(region, func(options *dynamodb.TableExistsWaiterOptions) { options.MinDelay = 100 * time.Millisecond })
	must(waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)}, time.Minute))
}
