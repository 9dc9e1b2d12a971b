package folder

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/upload"
)

// Defaults of Options.
const (
	DefaultQuota   = 20 << 30
	DefaultUploads = 64
)

// RefusedFor is how long it is remembered why an upload was refused.
const RefusedFor = 30 * 24 * time.Hour

// Options say where pictures are kept. Dir is required.
type Options struct {
	Dir     string // made when missing; one process at a time may have it open
	Prefix  string // of the handler's paths; zero: Prefix
	Quota   int64  // bytes of pictures and of uploads in hand; zero: DefaultQuota
	Uploads int    // in hand at once; zero: DefaultUploads

	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger     // nil means no logging
}

// Prefix is where the handler stands in the storefront.
const Prefix = "/resale/uploads/"

// The folders in Options.Dir.
const (
	incoming = "incoming"
	pictures = "pictures"
	refused  = "refused"
	keyName  = "key"
)

// Folder keeps pictures. It is an http.Handler that takes and shows them.
type Folder struct {
	o    Options
	root *os.Root // nothing outside is reached, whatever a path or a link says
	key  []byte
	log  *slog.Logger

	used  atomic.Int64  // bytes, with those of uploads in hand
	slots chan struct{} // a token an upload
	made  sync.Map      // folders that exist
}

// Open opens or makes the folder and removes what a crash left behind.
func Open(o Options) (*Folder, error) {
	o.Prefix = cmp.Or(o.Prefix, Prefix)
	o.Quota = cmp.Or(o.Quota, DefaultQuota)
	o.Uploads = cmp.Or(o.Uploads, DefaultUploads)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Folder{o: o, log: o.Logger, slots: make(chan struct{}, o.Uploads)}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("open the pictures in %s: %w", o.Dir, err)
	}
	return f, nil
}

func (f *Folder) open() (err error) {
	if err := os.MkdirAll(f.o.Dir, 0o700); err != nil {
		return err
	}
	if f.root, err = os.OpenRoot(f.o.Dir); err != nil {
		return err
	}
	for _, dir := range []string{incoming, pictures, refused} {
		if err = f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return errors.Join(err, f.root.Close())
		}
	}
	if f.key, err = f.readKey(); err == nil {
		err = f.recover()
	}
	if err != nil {
		return errors.Join(err, f.root.Close())
	}
	return nil
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// keyBytes is the length of the key that signs addresses.
const keyBytes = 32

// readKey reads the key, or makes it: addresses hold across a restart.
func (f *Folder) readKey() ([]byte, error) {
	key, err := f.root.ReadFile(keyName)
	switch {
	case err == nil && len(key) == keyBytes:
		return key, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	key = make([]byte, keyBytes)
	rand.Read(key)
	name := keyName + "." + rand.Text()
	if err := f.root.WriteFile(name, key, 0o600); err != nil {
		return nil, err
	}
	return key, f.root.Rename(name, keyName)
}

// recover removes what was coming in when the process ended, and counts what is
// there.
func (f *Folder) recover() error {
	if err := f.removeOlder(incoming, f.o.Now().Add(time.Hour)); err != nil {
		return err
	}
	return fs.WalkDir(f.root.FS(), pictures, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			f.used.Add(info.Size())
		}
		return err
	})
}

// removeOlder removes the files below dir that were written before a time.
func (f *Folder) removeOlder(dir string, before time.Time) error {
	return fs.WalkDir(f.root.FS(), dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil || !info.ModTime().Before(before) {
			return ignoreGone(err)
		}
		return ignoreGone(f.root.Remove(path))
	})
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Sweep removes uploads that were abandoned upload.AbandonedAfter ago, and
// refusals that are older than RefusedFor.
func (f *Folder) Sweep(context.Context) error {
	now := f.o.Now()
	err := errors.Join(
		f.removeOlder(incoming, now.Add(-upload.AbandonedAfter)),
		f.removeOlder(refused, now.Add(-RefusedFor)))
	if err != nil {
		return fmt.Errorf("sweep the uploads: %w", err)
	}
	return nil
}

// SweepEvery is how often Run sweeps.
const SweepEvery = time.Hour

// Run sweeps until ctx ends.
func (f *Folder) Run(ctx context.Context) {
	tick := time.NewTicker(SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := f.Sweep(ctx); err != nil {
				f.log.Warn("uploads not swept", "error", err)
			}
		}
	}
}

// Look returns what has become of a listing's pictures, in their order.
func (f *Folder) Look(_ context.Context, l listing.Listing) ([]listing.Standing, error) {
	all := make([]listing.Standing, len(l.Pictures))
	for n := range all {
		id := listing.PictureID(n)
		_, err := f.root.Stat(f.picture(l.ID, id))
		switch {
		case err == nil:
			all[n].State = listing.Complete
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("look for picture %s of %s: %w", id, l.ID, err)
		default:
			all[n] = f.refusal(l.ID, id)
		}
	}
	return all, nil
}

// refusal is why the last upload of a picture was refused; else it waits.
func (f *Folder) refusal(id, picture string) listing.Standing {
	word, err := f.root.ReadFile(f.path(refused, id, picture))
	if err != nil {
		return listing.Standing{}
	}
	if fault, ok := listing.ParseFault(strings.TrimSpace(string(word))); ok {
		return listing.Standing{State: listing.Refused, Fault: fault}
	}
	return listing.Standing{}
}

// View returns where a picture can be seen, or order.ErrNotFound while it was not
// checked.
func (f *Folder) View(_ context.Context, l listing.Listing, picture string) (string, error) {
	if _, ok := l.Picture(picture); !ok {
		return "", order.ErrNotFound
	}
	if _, err := f.root.Stat(f.picture(l.ID, picture)); err != nil {
		return "", order.ErrNotFound
	}
	return f.o.Prefix + l.ID + "/" + picture, nil
}

func (f *Folder) picture(id, picture string) string { return f.path(pictures, id, picture) }

// path is where a file of a listing is: in one of 1,024 folders, by the last
// two characters of an id, which are random.
func (f *Folder) path(kind, id, picture string) string {
	return kind + "/" + shard(id) + "/" + id + "-" + picture
}

func shard(id string) string { return strings.ToLower(id[len(id)-2:]) }

// makeShard makes the folder that path names files in.
func (f *Folder) makeShard(kind, id string) error {
	dir := kind + "/" + shard(id)
	if _, made := f.made.Load(dir); made {
		return nil
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := f.syncDir(kind); err != nil {
		return err
	}
	f.made.Store(dir, true)
	return nil
}

func (f *Folder) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
