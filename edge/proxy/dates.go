package proxy

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dates writes the time as Date has it, and works it out once a second.
type dates struct{ last atomic.Pointer[dated] }

type dated struct {
	second int64
	text   string
}

// append writes a time.
func (d *dates) append(b []byte, t time.Time) []byte {
	last := d.last.Load()
	if second := t.Unix(); last == nil || last.second != second {
		last = &dated{second, t.UTC().Format(http.TimeFormat)}
		d.last.Store(last)
	}
	return append(b, last.text...)
}
