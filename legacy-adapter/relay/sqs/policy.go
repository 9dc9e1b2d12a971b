package sqs

import "fmt"

// RedrivePolicy is what the order queue's attribute of this name is to be. It
// makes the other queue its dead-letter queue, so that SQS's own redrive works;
// the count is SQS's largest, and is never reached.
func RedrivePolicy(deadLetterARN string) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, deadLetterARN, MaxReceiveCount)
}
