package order

import (
	"fmt"
	"time"
)

// Disposition is what became of one delivery of an order to legacy.
type Disposition uint8

// The dispositions. Written and Duplicate end the delivery. Deferred comes back
// later, for ever. Rejected makes the order a dead letter.
const (
	DispositionWritten   Disposition = iota // the order's rows and its ledger row are committed
	DispositionDuplicate                    // an earlier delivery had already committed them
	DispositionDeferred                     // legacy could not take it now
	DispositionRejected                     // legacy will never take it as it is
)

var dispositionNames = [...]string{"written", "duplicate", "deferred", "rejected"}

// String returns the disposition's word, as used in logs, metrics and pages.
func (d Disposition) String() string {
	if int(d) < len(dispositionNames) {
		return dispositionNames[d]
	}
	return fmt.Sprintf("Disposition(%d)", uint8(d))
}

// Queued is an order waiting for legacy. Seq grows in the order of acceptance.
type Queued struct {
	Order    Order
	Seq      int64
	Attempts int       // deliveries that ended Deferred so far
	DueAt    time.Time // not to be delivered before; zero means now
}

// Settlement tells a queue what became of a delivery.
type Settlement struct {
	Seq         int64
	OrderID     string
	Disposition Disposition
	Cause       string    // in words, for Deferred and Rejected
	At          time.Time // when it became so
	DueAt       time.Time // for Deferred: when to try again
}
