package folder

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/upload"
)

// put takes one picture, or returns why not.
func (f *Folder) put(r *http.Request, id, picture string) *refusal {
	a, no := readAddress(f.key, id, picture, r.URL.Query(), f.o.Now())
	if no == nil {
		no = f.unfit(r, a)
	}
	if no != nil {
		return no
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		return refusedBusy
	}
	if f.used.Add(a.announced.Bytes) > f.o.Quota {
		f.used.Add(-a.announced.Bytes)
		return refusedQuota
	}
	no = f.take(r.Body, a)
	if no != nil {
		f.used.Add(-a.announced.Bytes)
	}
	return no
}

// unfit refuses a request by its head, before anything of it is kept.
func (f *Folder) unfit(r *http.Request, a address) *refusal {
	_, err := f.root.Stat(f.picture(a.listing, a.picture))
	switch {
	case err == nil:
		return refusedAgain
	case r.ContentLength < 0:
		return refusedLength
	case r.ContentLength != a.announced.Bytes:
		return refusedSize(r.ContentLength, a.announced.Bytes)
	case r.Header.Get("Content-Type") != a.announced.Type, r.Header.Get("Content-Encoding") != "":
		return refusedType
	}
	return nil
}

// take writes a body to an incoming file, checks it on the way, and links it as
// a picture once it is on disk.
func (f *Folder) take(body io.Reader, a address) *refusal {
	name := incoming + "/" + rand.Text()
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f.failed(a, err)
	}
	defer func() { _ = f.root.Remove(name) }() // it is linked by now, or of no use
	check := upload.NewCheck(a.announced)
	received, err := receive(file, body, check, a.announced.Bytes)
	fault := check.Fault()
	if err == nil && received && fault == "" {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	switch {
	case err != nil:
		return f.failed(a, err)
	case !received:
		return refusedCutShort
	case fault != "":
		f.note(a, fault)
		return refusedFault(fault)
	}
	return f.keep(name, a)
}

// buffers are for copying: a piece is large enough that the disk is not asked
// often, and small enough that many uploads at once need little.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// receive copies a body of an announced length. It is false where the body ends
// before; err is of the file.
func receive(file io.Writer, body io.Reader, check *upload.Check, length int64) (whole bool, err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for left := length; left > 0; {
		n, readErr := io.ReadFull(body, (*buffer)[:min(left, int64(len(*buffer)))])
		_, _ = check.Write((*buffer)[:n])
		if _, err := file.Write((*buffer)[:n]); err != nil {
			return false, err
		}
		left -= int64(n)
		if readErr != nil {
			return false, nil
		}
	}
	return true, nil
}

// keep links an incoming file as the picture. Where there is one by now, this
// upload was a repeat.
func (f *Folder) keep(name string, a address) *refusal {
	err := f.makeShard(pictures, a.listing)
	if err == nil {
		err = f.root.Link(name, f.picture(a.listing, a.picture))
	}
	if errors.Is(err, fs.ErrExist) {
		return refusedAgain
	}
	if err == nil {
		err = f.syncDir(pictures + "/" + shard(a.listing))
	}
	if err != nil {
		return f.failed(a, err)
	}
	_ = f.root.Remove(f.path(refused, a.listing, a.picture)) // of an earlier try; where it stays, the picture counts
	return nil
}

// note remembers why a picture was refused, for its seller. Where that fails the
// picture is one that waits.
func (f *Folder) note(a address, fault listing.Fault) {
	err := f.makeShard(refused, a.listing)
	if err == nil {
		err = f.root.WriteFile(f.path(refused, a.listing, a.picture), []byte(fault), 0o600)
	}
	if err != nil {
		f.log.Warn("refusal not noted", "listing_id", a.listing, "picture", a.picture, "error", err)
	}
	f.log.Info("picture refused", "listing_id", a.listing, "picture", a.picture, "outcome", string(fault))
}

func (f *Folder) failed(a address, err error) *refusal {
	f.log.Error("picture not kept", "listing_id", a.listing, "picture", a.picture, "error", fmt.Sprint(err))
	return refusedFailed
}
