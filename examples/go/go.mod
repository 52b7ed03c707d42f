module example.org/orders

go 1.22

require (
	github.com/aws/aws-sdk-go-v2 v1.30.0
	github.com/aws/aws-sdk-go-v2/credentials v1.17.20
	github.com/aws/aws-sdk-go-v2/service/dynamodb v1.34.0
)
