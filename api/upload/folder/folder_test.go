package folder_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/upload"
	"github.com/banyan-edge/banyan/api/upload/folder"
	"github.com/banyan-edge/banyan/api/upload/uploadtest"
)

// rig is a folder behind a real socket, on a clock of its own.
type rig struct {
	*folder.Folder
	options folder.Options
	url     string
	now     time.Time
}

func newRig(t testing.TB, change func(*folder.Options)) *rig {
	r := &rig{now: time.Now()}
	r.options = folder.Options{Dir: filepath.Join(t.TempDir(), "uploads"), Now: func() time.Time { return r.now }}
	if change != nil {
		change(&r.options)
	}
	r.reopen(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.ServeHTTP(w, q) }))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// reopen is another process on the same folder.
func (r *rig) reopen(t testing.TB) {
	f, err := folder.Open(r.options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	r.Folder = f
}

func (r *rig) offer(pictures ...[]byte) listing.Listing {
	l := uploadtest.Listing(order.NewID(r.now), pictures...)
	l.AcceptedAt = r.now
	return l
}

func (r *rig) addresses(t testing.TB, l listing.Listing) []listing.Upload {
	all, err := r.Addresses(t.Context(), l)
	require.NoError(t, err)
	return all
}

func (r *rig) standing(t testing.TB, l listing.Listing) listing.Standing {
	all, err := r.Look(t.Context(), l)
	require.NoError(t, err)
	return all[0]
}

// send puts a file to an address and returns the answer and what it says.
func (r *rig) send(t testing.TB, to listing.Upload, body io.Reader) (*http.Response, string) {
	req, err := http.NewRequestWithContext(t.Context(), to.Method, r.url+to.URL, body)
	require.NoError(t, err)
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	return r.do(t, req)
}

func (r *rig) do(t testing.TB, req *http.Request) (*http.Response, string) {
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(text)
}

func (r *rig) get(t testing.TB, path string) (*http.Response, string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	require.NoError(t, err)
	return r.do(t, req)
}

// files lists the files below a folder.
func (r *rig) files(t testing.TB, dir string) (all []string) {
	require.NoError(t, filepath.WalkDir(filepath.Join(r.options.Dir, dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

func TestFolder_APictureIsSeenOnceItIsThereAndChecked(t *testing.T) {
	r := newRig(t, nil)
	for _, file := range [][]byte{uploadtest.JPEG(2 << 20), uploadtest.PNG(listing.MaxPictureBytes), uploadtest.WebP(900)} {
		l := r.offer(file)
		to := r.addresses(t, l)[0]
		require.Equal(t, listing.Waiting, r.standing(t, l).State)
		_, err := r.View(t.Context(), l, "1")
		require.ErrorIs(t, err, order.ErrNotFound)
		before, _ := r.get(t, folder.Prefix+l.ID+"/1")
		require.Equal(t, http.StatusNotFound, before.StatusCode)

		res, text := r.send(t, to, bytes.NewReader(file))
		require.Equal(t, http.StatusCreated, res.StatusCode, text)
		require.Equal(t, listing.Complete, r.standing(t, l).State)
		at, err := r.View(t.Context(), l, "1")
		require.NoError(t, err)
		seen, body := r.get(t, at)
		require.Equal(t, string(file), body)
		require.Equal(t, l.Pictures[0].Type, seen.Header.Get("Content-Type"))
		require.Equal(t, "nosniff", seen.Header.Get("X-Content-Type-Options"))
		require.Equal(t, "default-src 'none'; sandbox", seen.Header.Get("Content-Security-Policy"))
		require.True(t, strings.HasPrefix(seen.Header.Get("Content-Disposition"), `inline; filename="`+l.ID+"-1."))
	}
	for _, file := range r.files(t, ".") {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode(), file)
		require.Empty(t, filepath.Ext(file), "no file's type is in its name")
	}
	require.Empty(t, r.files(t, "incoming"))
}

func TestFolder_AddressesThatWereNotGivenOutAreRefused(t *testing.T) {
	r := newRig(t, nil)
	file, other := uploadtest.JPEG(3000), uploadtest.JPEG(3000)
	l := r.offer(file)
	l.Pictures = append(l.Pictures, l.Pictures[0])
	sum := sha256.Sum256(file)
	l.Pictures[0].SHA256 = hex.EncodeToString(sum[:])
	to := r.addresses(t, l)[0]
	stranger := r.offer(other)
	for name, from := range map[string]func(string) string{
		"another listing":  func(at string) string { return strings.Replace(at, l.ID, stranger.ID, 1) },
		"another picture":  func(at string) string { return strings.Replace(at, l.ID+"/1", l.ID+"/2", 1) },
		"another size":     func(at string) string { return strings.Replace(at, "bytes=3000", "bytes=5000000", 1) },
		"another type":     func(at string) string { return strings.Replace(at, "image%2Fjpeg", "image%2Fpng", 1) },
		"no checksum":      func(at string) string { return strings.Replace(at, "sha256=", "x=", 1) },
		"a later time":     func(at string) string { return strings.Replace(at, "expires=1", "expires=9", 1) },
		"no signature":     func(at string) string { return strings.Replace(at, "signature=", "x=", 1) },
		"half a signature": func(at string) string { return strings.Replace(at, "signature=", "signature=00", 1) },
		"nothing at all":   func(at string) string { at, _, _ = strings.Cut(at, "?"); return at },
	} {
		t.Run(name, func(t *testing.T) {
			changed := to
			changed.URL = from(to.URL)
			require.NotEqual(t, to.URL, changed.URL)
			res, text := r.send(t, changed, bytes.NewReader(file))
			require.Equal(t, http.StatusForbidden, res.StatusCode)
			require.Contains(t, text, "address_tampered")
			require.Contains(t, text, "same Idempotency-Key", "what to do about it")
		})
	}
	r.now = r.now.Add(upload.AddressLife)
	res, text := r.send(t, to, bytes.NewReader(file))
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	require.Contains(t, text, "address_expired")
	res, _ = r.send(t, r.addresses(t, l)[0], bytes.NewReader(file))
	require.Equal(t, http.StatusCreated, res.StatusCode, "a fresh address for the same picture")
}

func TestFolder_AddressesHoldAcrossARestartAndInNoOtherFolder(t *testing.T) {
	r, elsewhere := newRig(t, nil), newRig(t, nil)
	file := uploadtest.PNG(900)
	l := r.offer(file)
	to := r.addresses(t, l)[0]
	res, _ := elsewhere.send(t, to, bytes.NewReader(file))
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	r.reopen(t)
	res, _ = r.send(t, to, bytes.NewReader(file))
	require.Equal(t, http.StatusCreated, res.StatusCode)
}

func TestFolder_UploadsThatAreNotWhatWasAnnouncedAreRefused(t *testing.T) {
	file := uploadtest.JPEG(3000)
	for name, c := range map[string]struct {
		body   io.Reader
		header [2]string
		status int
		code   string
	}{
		"too large":            {bytes.NewReader(uploadtest.JPEG(3001)), [2]string{}, 413, "too_large"},
		"too small":            {bytes.NewReader(file[:2999]), [2]string{}, 400, "wrong_size"},
		"of no known length":   {io.MultiReader(bytes.NewReader(file)), [2]string{}, 411, "length_required"},
		"said to be a page":    {bytes.NewReader(file), [2]string{"Content-Type", "text/html"}, 415, "unsupported_media_type"},
		"said to be an SVG":    {bytes.NewReader(file), [2]string{"Content-Type", "image/svg+xml"}, 415, "unsupported_media_type"},
		"compressed":           {bytes.NewReader(file), [2]string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		"a page":               {bytes.NewReader(bytes.Repeat([]byte("<html>"), 500)), [2]string{}, 422, "no_picture"},
		"another picture type": {bytes.NewReader(uploadtest.PNG(3000)), [2]string{}, 422, "wrong_type"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			l := r.offer(file)
			to := r.addresses(t, l)[0]
			if c.header[0] != "" {
				to.Headers[c.header[0]] = c.header[1]
			}
			res, text := r.send(t, to, c.body)
			require.Equal(t, c.status, res.StatusCode, text)
			require.Contains(t, text, c.code)
			require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
			require.Empty(t, r.files(t, "incoming"))
			require.Empty(t, r.files(t, "pictures"))
			if c.status == 422 {
				st := r.standing(t, l)
				require.Equal(t, listing.Refused, st.State)
				require.Equal(t, c.code, string(st.Fault))
			}
			res, text = r.send(t, r.addresses(t, l)[0], bytes.NewReader(file))
			require.Equal(t, http.StatusCreated, res.StatusCode, text)
			require.Equal(t, listing.Standing{State: listing.Complete}, r.standing(t, l))
		})
	}
}

func TestFolder_OfManyUploadsOfOnePictureExactlyOneCounts(t *testing.T) {
	r := newRig(t, nil)
	a, b := uploadtest.JPEG(200_000), append(uploadtest.JPEG(199_998), 0xff, 0xd9)
	l := r.offer(a)
	to := r.addresses(t, l)[0]
	var mu sync.Mutex
	statuses := map[int]int{}
	var senders sync.WaitGroup
	for n := range 16 {
		senders.Go(func() {
			file := a
			if n%2 == 1 {
				file = b
			}
			req, err := http.NewRequest(http.MethodPut, r.url+to.URL, bytes.NewReader(file))
			if err != nil {
				return
			}
			req.Header.Set("Content-Type", listing.JPEG)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return
			}
			res.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			statuses[res.StatusCode]++
		})
	}
	senders.Wait()
	require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusPreconditionFailed: 15}, statuses)
	_, body := r.get(t, folder.Prefix+l.ID+"/1")
	require.True(t, body == string(a) || body == string(b), "one of them, whole")
	require.Empty(t, r.files(t, "incoming"))
	require.Len(t, r.files(t, "pictures"), 1)
}

func TestFolder_PathsNameNothingButPictures(t *testing.T) {
	r := newRig(t, nil)
	file := uploadtest.PNG(900)
	l := r.offer(file)
	to := r.addresses(t, l)[0]
	_, query, _ := strings.Cut(to.URL, "?")
	for _, path := range []string{
		"", "key", "../key", "..%2fkey", l.ID, l.ID + "/", l.ID + "/0", l.ID + "/13", l.ID + "/01", l.ID + "/1/", l.ID + "/1.html",
		l.ID + "/..%2f1", "%2e%2e/" + l.ID + "/1", strings.ToLower(l.ID) + "/1", l.ID + "%00/1", l.ID + "/%31",
	} {
		for _, method := range []string{http.MethodPut, http.MethodGet} {
			req := httptest.NewRequest(method, folder.Prefix+path+"?"+query, bytes.NewReader(file))
			req.Header.Set("Content-Type", listing.PNG)
			res := httptest.NewRecorder()
			r.ServeHTTP(res, req)
			require.Equal(t, http.StatusNotFound, res.Code, "%s %s", method, path)
		}
	}
	require.Empty(t, r.files(t, "pictures"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+to.URL, bytes.NewReader(file))
	require.NoError(t, err)
	res, _ := r.do(t, req)
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	require.Equal(t, "GET, HEAD, PUT", res.Header.Get("Allow"))
}

func TestFolder_NothingIsReachedThroughALink(t *testing.T) {
	r := newRig(t, nil)
	file := uploadtest.PNG(900)
	l := r.offer(file)
	secret := filepath.Join(t.TempDir(), "secret.png")
	require.NoError(t, os.WriteFile(secret, file, 0o600))
	shard := filepath.Join(r.options.Dir, "pictures", strings.ToLower(l.ID[len(l.ID)-2:]))
	require.NoError(t, os.MkdirAll(shard, 0o700))
	require.NoError(t, os.Symlink(secret, filepath.Join(shard, l.ID+"-1")))
	res, _ := r.get(t, folder.Prefix+l.ID+"/1")
	require.NotEqual(t, http.StatusOK, res.StatusCode)
}

func TestFolder_HasAQuota(t *testing.T) {
	r := newRig(t, func(o *folder.Options) { o.Quota = 5000 })
	first, second := r.offer(uploadtest.PNG(3000)), r.offer(uploadtest.PNG(3000))
	res, _ := r.send(t, r.addresses(t, first)[0], bytes.NewReader(uploadtest.PNG(3000)))
	require.Equal(t, http.StatusCreated, res.StatusCode)
	for range 2 { // before a restart and after it
		res, text := r.send(t, r.addresses(t, second)[0], bytes.NewReader(uploadtest.PNG(3000)))
		require.Equal(t, http.StatusInsufficientStorage, res.StatusCode, text)
		r.reopen(t)
	}
	third := r.offer(uploadtest.PNG(2000))
	res, _ = r.send(t, r.addresses(t, third)[0], bytes.NewReader(bytes.Repeat([]byte("x"), 2000)))
	require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "a refused one takes no room")
	res, _ = r.send(t, r.addresses(t, third)[0], bytes.NewReader(uploadtest.PNG(2000)))
	require.Equal(t, http.StatusCreated, res.StatusCode)
}

// stuck is a body that comes to a halt until it is told how it ends.
type stuck struct {
	first   io.Reader
	reached chan struct{}
	end     chan error
}

func (s *stuck) Read(p []byte) (int, error) {
	n, err := s.first.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	close(s.reached)
	return 0, <-s.end
}

func TestFolder_AnUploadThatStopsHalfwayLeavesNothing(t *testing.T) {
	r := newRig(t, func(o *folder.Options) { o.Uploads = 1 })
	file := uploadtest.JPEG(300_000)
	l := r.offer(file)
	to := r.addresses(t, l)[0]
	body := &stuck{first: bytes.NewReader(file[:200_000]), reached: make(chan struct{}), end: make(chan error, 1)}
	req := httptest.NewRequest(http.MethodPut, to.URL, body)
	req.ContentLength = int64(len(file))
	req.Header.Set("Content-Type", listing.JPEG)
	w, ended := httptest.NewRecorder(), make(chan struct{})
	go func() { defer close(ended); r.ServeHTTP(w, req) }()
	<-body.reached
	require.Len(t, r.files(t, "incoming"), 1)
	require.Equal(t, listing.Waiting, r.standing(t, l).State)
	res, _ := r.get(t, folder.Prefix+l.ID+"/1")
	require.Equal(t, http.StatusNotFound, res.StatusCode, "nothing half is seen")
	busy, _ := r.send(t, to, bytes.NewReader(file))
	require.Equal(t, http.StatusServiceUnavailable, busy.StatusCode)
	require.Equal(t, "1", busy.Header.Get("Retry-After"))
	body.end <- io.ErrUnexpectedEOF
	<-ended
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "cut_short")
	require.Empty(t, r.files(t, "incoming"))
	res, _ = r.send(t, to, bytes.NewReader(file))
	require.Equal(t, http.StatusCreated, res.StatusCode)
}

func TestFolder_WhatWasAbandonedIsRemovedAfterADayAndAtAStart(t *testing.T) {
	r := newRig(t, nil)
	left := filepath.Join(r.options.Dir, "incoming", "left")
	require.NoError(t, os.WriteFile(left, []byte("half"), 0o600))
	require.NoError(t, r.Sweep(t.Context()))
	require.FileExists(t, left, "it may be coming in right now")
	r.now = r.now.Add(upload.AbandonedAfter + time.Minute)
	require.NoError(t, r.Sweep(t.Context()))
	require.NoFileExists(t, left)
	r.now = time.Now()
	require.NoError(t, os.WriteFile(left, []byte("half"), 0o600))
	r.reopen(t)
	require.NoFileExists(t, left)
}
