// The regions of `longitude serve --ephemeral`, started once for all tests and set back before each of them.
package orders

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const virginia, dublin = "us-east-1", "eu-west-1"

var endpoints = map[string]string{}

func TestMain(m *testing.M) {
	program := os.Getenv("LONGITUDE")
	if program == "" {
		program = "longitude"
	}
	server := exec.Command(program, "serve", "--ephemeral", "--regions", virginia+","+dublin,
		"--clock", "manual", "--tables", "../template.yaml", "--json")
	output, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		panic(err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		panic(err)
	}
	var served struct{ Regions []struct{ Region, Endpoint string } }
	if err := json.Unmarshal(line, &served); err != nil {
		panic(err)
	}
	for _, each := range served.Regions {
		endpoints[each.Region] = each.Endpoint
	}
	status := m.Run()
	server.Process.Kill()
	os.Exit(status)
}

func ask(t *testing.T, path string, body map[string]any) {
	t.Helper()
	encoded, _ := json.Marshal(body)
	reply, err := http.Post(endpoints[virginia]+"/_longitude/"+path, "application/json", bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(reply.Body)
		t.Fatalf("%s: %s", path, reason)
	}
}

func client(region string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       region,
		BaseEndpoint: aws.String(endpoints[region]),
		Credentials:  credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
}

func put(t *testing.T, region, total string) {
	t.Helper()
	_, err := client(region).PutItem(context.Background(), &dynamodb.PutItemInput{
		TableName: aws.String("Orders"),
		Item: map[string]types.AttributeValue{
			"id":    &types.AttributeValueMemberS{Value: "1"},
			"total": &types.AttributeValueMemberN{Value: total},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func expectTotal(t *testing.T, region, expected string) {
	t.Helper()
	reply, err := client(region).GetItem(context.Background(), &dynamodb.GetItemInput{
		TableName: aws.String("Orders"),
		Key:       map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	if total, ok := reply.Item["total"].(*types.AttributeValueMemberN); ok {
		found = total.Value
	}
	if found != expected {
		t.Fatal(fmt.Sprintf("%s has %q, not %q", region, found, expected))
	}
}

func TestAnOrderArrivesInDublinButNotAtOnce(t *testing.T) {
	ask(t, "reset", nil)
	put(t, virginia, "10")
	expectTotal(t, dublin, "")
	ask(t, "settle", map[string]any{})
	expectTotal(t, dublin, "10")
}

func TestWhileTheLinkIsCutOneOfTwoWritesIsLost(t *testing.T) {
	ask(t, "reset", nil)
	ask(t, "links", map[string]any{"link": virginia + ".." + dublin, "cut": true})
	put(t, virginia, "10")
	ask(t, "advance", map[string]any{"time": "1s"})
	put(t, dublin, "20")
	ask(t, "links", map[string]any{"link": virginia + ".." + dublin, "cut": false})
	ask(t, "settle", map[string]any{})
	ask(t, "converged", map[string]any{})
	expectTotal(t, virginia, "20")
}
