package awstest

// Deviation is a known fault of an emulator: something that AWS does and it does
// not.
type Deviation string

// The deviations that a test may excuse. Nothing else is excused.
const (
	NoTraceHeader     Deviation = "AWSTraceHeader is not given back"
	NoSystemAttribute Deviation = "MessageSystemAttributeNames is ignored: system attributes come only by the old AttributeNames"
	NoStandardGroup   Deviation = "a standard queue's MessageGroupId is not given back"
	NoGroupLock       Deviation = "a FIFO group is not locked while one of its messages is in flight"
	OneOfAGroup       Deviation = "a receipt has one message of a FIFO group, not as many as there are"
	StaleGroupLock    Deviation = "a FIFO group is given out from its second message on, after its first two were put back together"
	NoSequenceNumber  Deviation = "a FIFO message has no SequenceNumber"
	NoMoveTasks       Deviation = "message move tasks are not there"
	EarlyDeadLetter   Deviation = "after ChangeMessageVisibility a message becomes a dead letter too early"
	WrongCounts       Deviation = "messages in flight are counted as visible too"
	OnlyBasicText     Deviation = "a message with characters above U+FFFF is refused"
	NoReceiptCheck    Deviation = "DeleteMessage takes a handle that it never gave"
	NoRequestToken    Deviation = "ClientRequestToken is ignored: a transaction sent twice is done twice"
	NoIsolation       Deviation = "a transaction that fails undoes what others wrote meanwhile"
	NoConflicts       Deviation = "transactions that meet are never cancelled with TransactionConflict"
	NoStackOutputs    Deviation = "a stack made from a change set has no outputs"
	NoExpiry          Deviation = "items past their time to live are never removed"
)

var motoFaults = map[Deviation]string{
	StaleGroupLock:   "time-outs are noticed one message after the other; and to one who waited while the group was locked, the locks are as they were when the wait began",
	NoSequenceNumber: "SendMessage and ReceiveMessage leave it empty",
	NoMoveTasks:      "StartMessageMoveTask answers 500 with HTML",
	NoRequestToken:   "TransactWriteItems does not read it",
	NoIsolation:      "it copies the table before and puts the copy back; requests therefore pass one at a time (see gate)",
	NoConflicts:      "follows from passing one at a time",
	NoExpiry:         "only the setting is kept",
	NoStackOutputs:   "outputs are worked out when a stack is created or updated; the gate therefore updates it to what it is (see changeSets)",
}

var fauxqsFaults = map[Deviation]string{
	OneOfAGroup:     "the group is locked after its first message, in the same answer too",
	NoTraceHeader:   "system attributes of a message sent are dropped",
	NoStandardGroup: "it is taken and kept for FIFO queues only",
	NoMoveTasks:     "StartMessageMoveTask answers InvalidAction",
	NoReceiptCheck:  "a handle that it never gave is answered with success",
	OnlyBasicText:   "its pattern of allowed characters ends at U+FFFD",
}

var localSQSFaults = map[Deviation]string{
	NoTraceHeader:     "only with the old AttributeNames",
	NoSystemAttribute: "the new name is not read",
	NoStandardGroup:   "only with the old AttributeNames",
	NoGroupLock:       "a group's next message is delivered at once",
	EarlyDeadLetter:   "each change of visibility counts as a receipt",
	WrongCounts:       "ApproximateNumberOfMessages includes those not visible",
}

// Has reports whether the emulator has the fault, and the reason.
func (e *Emulator) Has(d Deviation) (reason string, has bool) {
	reason, has = e.faults[d]
	return reason, has
}
