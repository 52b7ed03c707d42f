import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The regions of {@code longitude serve --ephemeral}, started once for all tests and set back before each of them. */
class OrdersTest {
  private static final String VIRGINIA = "us-east-1";
  private static final String DUBLIN = "eu-west-1";
  private static final String LINK = VIRGINIA + ".." + DUBLIN;
  private static final Map<String, DynamoDbClient> CLIENTS = new HashMap<>();
  private static Process server;
  private static String control;

  @BeforeAll
  static void start() throws IOException {
    String program = System.getenv().getOrDefault("LONGITUDE", "longitude");
    server = new ProcessBuilder(program, "serve", "--ephemeral", "--regions", VIRGINIA + "," + DUBLIN,
        "--clock", "manual", "--tables", "../template.yaml", "--json").redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String line = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
    Matcher regions = Pattern.compile("\"region\":\"([^\"]+)\",\"endpoint\":\"([^\"]+)\"").matcher(line);
    while (regions.find()) {
      if (control == null) control = regions.group(2);
      CLIENTS.put(regions.group(1), DynamoDbClient.builder()
          .region(Region.of(regions.group(1)))
          .endpointOverride(URI.create(regions.group(2)))
          .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any")))
          .build());
    }
  }

  @AfterAll
  static void stop() {
    server.destroy();
  }

  @BeforeEach
  void reset() throws Exception {
    ask("reset", "{}");
  }

  @Test
  void anOrderArrivesInDublinButNotAtOnce() throws Exception {
    put(VIRGINIA, "10");
    assertNull(total(DUBLIN));
    ask("settle", "{}");
    assertEquals("10", total(DUBLIN));
  }

  @Test
  void whileTheLinkIsCutOneOfTwoWritesIsLost() throws Exception {
    ask("links", "{\"link\":\"" + LINK + "\",\"cut\":true}");
    put(VIRGINIA, "10");
    ask("advance", "{\"time\":\"1s\"}");
    put(DUBLIN, "20");
    ask("links", "{\"link\":\"" + LINK + "\",\"cut\":false}");
    ask("settle", "{}");
    ask("converged", "{}");
    assertEquals("20", total(VIRGINIA));
  }

  private static void put(String region, String total) {
    Map<String, AttributeValue> item = Map.of("id", AttributeValue.fromS("1"), "total", AttributeValue.fromN(total));
    CLIENTS.get(region).putItem(request -> request.tableName("Orders").item(item));
  }

  private static String total(String region) {
    Map<String, AttributeValue> key = Map.of("id", AttributeValue.fromS("1"));
    AttributeValue total = CLIENTS.get(region).getItem(request -> request.tableName("Orders").key(key)).item().get("total");
    return total == null ? null : total.n();
  }

  private static void ask(String path, String body) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(control + "/_longitude/" + path))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
    HttpResponse<String> reply = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    assertEquals(200, reply.statusCode(), reply.body());
  }
}
