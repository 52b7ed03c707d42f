package org.example;

import com.amazonaws.services.dynamodbv2.streamsadapter.AmazonDynamoDBStreamsAdapterClient;
import com.amazonaws.services.dynamodbv2.streamsadapter.StreamsSchedulerFactory;
import com.amazonaws.services.dynamodbv2.streamsadapter.model.DynamoDBStreamsProcessRecordsInput;
import com.amazonaws.services.dynamodbv2.streamsadapter.polling.DynamoDBStreamsPollingConfig;
import com.amazonaws.services.dynamodbv2.streamsadapter.processor.DynamoDBStreamsShardRecordProcessor;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.dynamodb.model.StreamSpecification;
import software.amazon.awssdk.services.dynamodb.model.StreamViewType;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;

/**
 * Amazon's Kinesis Client Library with the DynamoDB Streams adapter, as applications use it: two workers, one after the other, of one
 * application. The first handles what is written before and while it runs, and stops; the second goes on at its checkpoints.
 *
 * The first argument is the endpoint of a region. Ends with status 0 when each record came, those of one item in order.
 */
public final class Consumer {
  private static final String TABLE = "orders";
  private static final int ITEMS = 20;
  private static final int VERSIONS = 5;
  private static final int WAIT_SECONDS = 120;

  private final URI endpoint;
  private final StaticCredentialsProvider credentials =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("anyone", "anything"));
  private final Map<String, Integer> lastVersions = new ConcurrentHashMap<>();
  private final AtomicInteger handled = new AtomicInteger();
  private final List<String> problems = new java.util.concurrent.CopyOnWriteArrayList<>();

  private Consumer(String endpoint) {
    this.endpoint = URI.create(endpoint);
  }

  public static void main(String[] arguments) throws Exception {
    System.exit(new Consumer(arguments[0]).run() ? 0 : 1);
  }

  private boolean run() throws Exception {
    try (DynamoDbClient client =
        DynamoDbClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(credentials).build()) {
      client.createTable(
          table ->
              table
                  .tableName(TABLE)
                  .billingMode(BillingMode.PAY_PER_REQUEST)
                  .attributeDefinitions(
                      AttributeDefinition.builder().attributeName("id").attributeType(ScalarAttributeType.S).build())
                  .keySchema(KeySchemaElement.builder().attributeName("id").keyType(KeyType.HASH).build())
                  .streamSpecification(
                      StreamSpecification.builder()
                          .streamEnabled(true)
                          .streamViewType(StreamViewType.NEW_AND_OLD_IMAGES)
                          .build()));
      client.waiter().waitUntilTableExists(request -> request.tableName(TABLE));
      String stream = client.describeTable(request -> request.tableName(TABLE)).table().latestStreamArn();
      for (int version = 1; version <= VERSIONS; version++) write(client, version);
      handle(stream, ITEMS * VERSIONS, () -> {});
      int before = handled.get();
      handle(stream, 2 * ITEMS * VERSIONS, () -> {
        for (int version = VERSIONS + 1; version <= 2 * VERSIONS; version++) write(client, version);
      });
      System.out.println(before + " records by the first worker, " + (handled.get() - before) + " by the second");
    }
    problems.forEach(System.out::println);
    return problems.isEmpty() && handled.get() == 2 * ITEMS * VERSIONS;
  }

  private static void write(DynamoDbClient client, int version) {
    for (int item = 0; item < ITEMS; item++) {
      Map<String, AttributeValue> values =
          Map.of("id", AttributeValue.fromS("item " + item), "version", AttributeValue.fromN(String.valueOf(version)));
      client.putItem(request -> request.tableName(TABLE).item(values));
    }
  }

  private void handle(String stream, int until, Runnable meanwhile) throws Exception {
    DynamoDbAsyncClient leases =
        DynamoDbAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(credentials).build();
    CloudWatchAsyncClient metrics =
        CloudWatchAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(credentials).build();
    AmazonDynamoDBStreamsAdapterClient adapter =
        new AmazonDynamoDBStreamsAdapterClient(
            DynamoDbStreamsClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(credentials).build(),
            Region.US_EAST_1);
    ConfigsBuilder configs =
        new ConfigsBuilder(
            StreamsSchedulerFactory.createSingleStreamTracker(
                stream, InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
            "audit",
            adapter,
            leases,
            metrics,
            "worker " + until,
            Processor::new);
    DynamoDBStreamsPollingConfig polling = new DynamoDBStreamsPollingConfig(adapter);
    polling.idleTimeBetweenReadsInMillis(200L);
    Scheduler scheduler =
        StreamsSchedulerFactory.createScheduler(
            configs.checkpointConfig(),
            configs.coordinatorConfig(),
            configs.leaseManagementConfig().failoverTimeMillis(5000L),
            configs.lifecycleConfig(),
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
            configs.processorConfig(),
            configs.retrievalConfig().retrievalSpecificConfig(polling),
            adapter);
    Thread thread = new Thread(scheduler, "worker " + until);
    thread.setDaemon(true);
    thread.start();
    meanwhile.run();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (handled.get() < until && System.nanoTime() < end) Thread.sleep(100);
    scheduler.startGracefulShutdown().get(30, TimeUnit.SECONDS);
    if (handled.get() < until) problems.add("only " + handled.get() + " of " + until + " records came");
  }

  private void take(Record taken) {
    String item = taken.dynamodb().keys().get("id").s();
    int version = Integer.parseInt(taken.dynamodb().newImage().get("version").n());
    int last = lastVersions.getOrDefault(item, 0);
    // At least once: what came already may come again.
    if (version <= last) return;
    if (version != last + 1) problems.add(item + ": version " + version + " came after " + last);
    boolean hasOld = taken.dynamodb().hasOldImage();
    if (hasOld != (version > 1)) problems.add(item + ": version " + version + (hasOld ? " has an" : " has no") + " old image");
    lastVersions.put(item, version);
    handled.incrementAndGet();
  }

  private final class Processor implements DynamoDBStreamsShardRecordProcessor {
    @Override
    public void initialize(InitializationInput input) {}

    @Override
    public void processRecords(DynamoDBStreamsProcessRecordsInput input) {
      input.records().forEach(each -> take(each.getRecord()));
      try {
        if (!input.records().isEmpty()) input.checkpointer().checkpoint();
      } catch (Exception error) {
        problems.add("checkpoint: " + error);
      }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception error) {
        problems.add("end of a shard: " + error);
      }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception error) {
        problems.add("shutdown: " + error);
      }
    }
  }
}
