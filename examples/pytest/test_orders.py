def put(cluster, region, total):
    cluster.client(region).put_item(TableName="Orders", Item={"id": {"S": "1"}, "total": {"N": total}})


def total(cluster, region):
    item = cluster.client(region).get_item(TableName="Orders", Key={"id": {"S": "1"}}).get("Item")
    return item and item["total"]["N"]


def test_an_order_arrives_in_dublin_but_not_at_once(cluster):
    put(cluster, "us-east-1", "10")
    assert total(cluster, "eu-west-1") is None
    cluster.ask("settle")
    assert total(cluster, "eu-west-1") == "10"


def test_while_the_link_is_cut_one_of_two_writes_is_lost(cluster):
    cluster.ask("links", link="us-east-1..eu-west-1", cut=True)
    put(cluster, "us-east-1", "10")
    cluster.ask("advance", time="1s")
    put(cluster, "eu-west-1", "20")
    cluster.ask("links", link="us-east-1..eu-west-1", cut=False)
    cluster.ask("settle")
    cluster.ask("converged")
    assert total(cluster, "us-east-1") == "20"
