// Package cloudformation holds the stacks as plain CloudFormation, without
// macros, so that a StackSet takes them too:
//
//	api              the HTTP API, its function, the order table and queue      any Region
//	legacy-adapter   the relay in legacy's VPC                                  the queue's Region
//	edge             CloudFront in front of both arms; generated, see Edge      us-east-1
//	ops              alarms, dashboard, budget                                  where the API is
//	pipeline         build, test, deploy with a gate, from a repository         where the API is
//	tenant           the first two and ops as one stack; generated, see Tenant  any Region
//	stackset         tenant in every account of organisational units            the administrator's
//
// Each stack takes what it needs of another as parameters, from that one's
// outputs, under the same name. What holds orders (table, queues, buckets,
// backups) outlives its stack.
//
// What these templates say a second time is tested against the first: settings
// against the Lambda entries, table and queue against api/intake/aws, roles
// against the calls in the code (cmd/banyan/templates_test.go). NAG.md answers
// the findings of cdk-nag, guard holds rules of our own.
package cloudformation
