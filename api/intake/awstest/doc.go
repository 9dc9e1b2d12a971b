// Package awstest starts AWS emulators on loopback, for tests:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(awstest.Main(m)) }
//
//	func TestIt(t *testing.T) {
//		moto := awstest.Moto(t)
//		db, queue := moto.DynamoDB(), moto.SQS()
//
// An emulator is started once in a test binary, by the first test that asks, and
// stopped when the binary ends, also when it is killed. Where it cannot be had a
// test that asks for it is skipped with a line that says what to install. The
// emulators differ from AWS and from each other: each has a table of its known
// faults (Deviations), and a test looks there before it expects something.
//
//	Moto      SQS, DynamoDB, S3   the most correct; slow, more so the more it holds
//	Fauxqs    SQS                 quick
//	LocalSQS  SQS                 quick; has message move tasks
//
// Nothing here is linked into anything but tests.
package awstest
