package org.example;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.dax.ClusterDaxAsyncClient;
import software.amazon.dax.Configuration;

/** Amazon's DAX client for version 2 of the AWS SDK for Java, unmodified, against a cache of Longitude. */
public final class Client {
  private static final String TABLE = "JavaThings";

  public static void main(String[] addresses) throws Exception {
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any"));
    try (var region = DynamoDbAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(credentials)
            .endpointOverride(URI.create(addresses[1])).build();
        var dax = ClusterDaxAsyncClient.builder().overrideConfiguration(Configuration.builder()
            .url(addresses[0]).region(Region.US_EAST_1).credentialsProvider(credentials).build()).build()) {
      region.createTable(request -> request.tableName(TABLE).billingMode(BillingMode.PAY_PER_REQUEST)
          .attributeDefinitions(
              AttributeDefinition.builder().attributeName("pk").attributeType(ScalarAttributeType.S).build(),
              AttributeDefinition.builder().attributeName("sk").attributeType(ScalarAttributeType.N).build())
          .keySchema(
              KeySchemaElement.builder().attributeName("pk").keyType(KeyType.HASH).build(),
              KeySchemaElement.builder().attributeName("sk").keyType(KeyType.RANGE).build())).get();
      region.waiter().waitUntilTableExists(request -> request.tableName(TABLE)).get();
      items(dax);
      pages(dax);
      transactions(dax);
    }
    System.out.println("the client for Java has what it wrote");
    System.exit(0);
  }

  private static void items(DynamoDbAsyncClient dax) throws Exception {
    var item = Map.of("pk", text("a"), "sk", number("-1.5"), "text", text("x"),
        "list", AttributeValue.builder().l(number("1"), AttributeValue.builder().nul(true).build(),
            AttributeValue.builder().m(Map.of("deep", AttributeValue.builder().bool(true).build())).build()).build(),
        "set", AttributeValue.builder().ss("a", "b").build(),
        "wide", number("12345678901234567890123456789012345678"));
    dax.putItem(request -> request.tableName(TABLE).item(item)).get();
    for (int n = 0; n < 2; n++)
      same(item, dax.getItem(request -> request.tableName(TABLE).key(key("a", "-1.5"))).get().item());
    var updated = dax.updateItem(request -> request.tableName(TABLE).key(key("a", "-1.5"))
        .updateExpression("SET #t = :t REMOVE #l[0]").expressionAttributeNames(Map.of("#t", "text", "#l", "list"))
        .expressionAttributeValues(Map.of(":t", text("y"))).returnValues(ReturnValue.ALL_NEW)).get().attributes();
    same(text("y"), updated.get("text"));
    same(2, updated.get("list").l().size());
    try {
      dax.putItem(request -> request.tableName(TABLE).item(item).conditionExpression("attribute_not_exists(pk)")).get();
      throw new AssertionError("the condition held");
    } catch (ExecutionException error) {
      same(ConditionalCheckFailedException.class, error.getCause().getClass());
    }
    var shown = dax.getItem(request -> request.tableName(TABLE).key(key("a", "-1.5"))
        .projectionExpression("#t, wide").expressionAttributeNames(Map.of("#t", "text"))).get().item();
    same(Map.of("text", text("y"), "wide", item.get("wide")), shown);
  }

  private static void pages(DynamoDbAsyncClient dax) throws Exception {
    for (int n = 0; n < 3; n++) {
      var item = Map.of("pk", text("p"), "sk", number(String.valueOf(n)));
      dax.putItem(request -> request.tableName(TABLE).item(item)).get();
    }
    var page = dax.query(request -> request.tableName(TABLE).keyConditionExpression("pk = :p AND sk > :z").limit(1)
        .expressionAttributeValues(Map.of(":p", text("p"), ":z", number("0")))).get();
    same(List.of(key("p", "1")), page.items());
    same(key("p", "1"), page.lastEvaluatedKey());
    same(4, dax.scan(request -> request.tableName(TABLE)).get().count());
    var batch = dax.batchGetItem(request -> request.requestItems(Map.of(TABLE, KeysAndAttributes.builder()
        .keys(key("p", "0"), key("p", "2"), key("p", "9")).build()))).get();
    same(2, batch.responses().get(TABLE).size());
  }

  private static void transactions(DynamoDbAsyncClient dax) throws Exception {
    dax.transactWriteItems(request -> request.transactItems(
        one -> one.put(put -> put.tableName(TABLE).item(key("t", "1"))),
        one -> one.delete(delete -> delete.tableName(TABLE).key(key("p", "0"))))).get();
    var both = dax.transactGetItems(request -> request.transactItems(
        one -> one.get(get -> get.tableName(TABLE).key(key("t", "1"))),
        one -> one.get(get -> get.tableName(TABLE).key(key("p", "0"))))).get();
    same(key("t", "1"), both.responses().get(0).item());
    same(false, both.responses().get(1).hasItem() && !both.responses().get(1).item().isEmpty());
    try {
      dax.transactWriteItems(request -> request.transactItems(one -> one.conditionCheck(check -> check.tableName(TABLE)
          .key(key("t", "1")).conditionExpression("attribute_not_exists(pk)")))).get();
      throw new AssertionError("the transaction was done");
    } catch (ExecutionException error) {
      var reasons = ((TransactionCanceledException) error.getCause()).cancellationReasons();
      same("ConditionalCheckFailed", reasons.get(0).code());
    }
  }

  private static Map<String, AttributeValue> key(String pk, String sk) {
    return Map.of("pk", text(pk), "sk", number(sk));
  }

  private static AttributeValue text(String value) {
    return AttributeValue.builder().s(value).build();
  }

  private static AttributeValue number(String value) {
    return AttributeValue.builder().n(value).build();
  }

  private static void same(Object expected, Object found) {
    if (!expected.equals(found)) throw new AssertionError("expected " + expected + ", found " + found);
  }
}
