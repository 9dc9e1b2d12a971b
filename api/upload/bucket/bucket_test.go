package bucket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/upload"
	"github.com/banyan-edge/banyan/api/upload/bucket"
	"github.com/banyan-edge/banyan/api/upload/uploadtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(awstest.Main(m)) }

// rig is a bucket of its own on moto.
type rig struct {
	*bucket.Bucket
	s3   *s3.Client
	name string
	now  time.Time
}

func newRig(t *testing.T) *rig {
	moto := awstest.Moto(t)
	r := &rig{s3: moto.S3(), name: awstest.Name("pictures"), now: time.Now()}
	_, err := r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &r.name})
	require.NoError(t, err)
	r.Bucket, err = bucket.New(t.Context(), bucket.Options{Name: r.name, Client: r.s3, Now: func() time.Time { return r.now }})
	require.NoError(t, err)
	return r
}

// offer is a listing with these pictures, accepted just now.
func (r *rig) offer(pictures ...[]byte) listing.Listing {
	l := uploadtest.Listing(order.NewID(r.now), pictures...)
	l.AcceptedAt = r.now
	return l
}

func (r *rig) addresses(t *testing.T, l listing.Listing) []listing.Upload {
	all, err := r.Addresses(t.Context(), l)
	require.NoError(t, err)
	return all
}

func (r *rig) look(t *testing.T, l listing.Listing) []listing.Standing {
	all, err := r.Look(t.Context(), l)
	require.NoError(t, err)
	return all
}

// send sends a file to an address as a browser does, with what it was told to send.
func send(t *testing.T, to listing.Upload, file []byte) int {
	req, err := http.NewRequestWithContext(t.Context(), to.Method, to.URL, bytes.NewReader(file))
	require.NoError(t, err)
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	return do(t, req).status
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func do(t *testing.T, req *http.Request) answer {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answer{res.StatusCode, res.Header, body}
}

func (r *rig) view(t *testing.T, l listing.Listing, picture string) answer {
	at, err := r.View(t.Context(), l, picture)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(at, r.Origin(t.Context())+"/"), "pages allow that origin: %s", at)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	require.NoError(t, err)
	return do(t, req)
}

func TestAddresses_SignWhatWasAnnounced(t *testing.T) {
	r := newRig(t)
	file := uploadtest.JPEG(2 << 20)
	l := r.offer(file)
	sum := sha256.Sum256(file)
	l.Pictures[0].SHA256 = hex.EncodeToString(sum[:])
	to := r.addresses(t, l)[0]
	at, err := url.Parse(to.URL)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"content-length", "content-type", "host", "if-none-match", "x-amz-checksum-sha256"},
		strings.Split(at.Query().Get("X-Amz-SignedHeaders"), ";"))
	require.Equal(t, "3600", at.Query().Get("X-Amz-Expires"))
	require.Equal(t, listing.JPEG, to.Headers["Content-Type"])
	require.Equal(t, "*", to.Headers["If-None-Match"])
	require.Len(t, to.Headers, 3, "nothing that a browser may not set: %v", to.Headers)
	require.WithinDuration(t, r.now.Add(upload.AddressLife), to.Expires, time.Second)
	require.NotContains(t, at.Path, "picture 1", "no path is made of what a seller wrote")
}

func TestAddresses_AreTheSameWithinAStepAndFreshAfterwards(t *testing.T) {
	r := newRig(t)
	l := r.offer(uploadtest.PNG(900))
	first := r.addresses(t, l)
	r.now = r.now.Add(20 * time.Minute)
	require.Equal(t, first, r.addresses(t, l))
	r.now = r.now.Add(2 * time.Hour)
	fresh := r.addresses(t, l)
	require.NotEqual(t, first, fresh)
	require.True(t, fresh[0].Expires.After(r.now))
}

func TestBucket_APictureIsSeenOnceItWasChecked(t *testing.T) {
	r := newRig(t)
	files := [][]byte{uploadtest.JPEG(2 << 20), uploadtest.PNG(900), uploadtest.WebP(400_000)}
	l := r.offer(files...)
	require.Equal(t, []listing.Standing{{}, {}, {}}, r.look(t, l), "all wait")
	_, err := r.View(t.Context(), l, "1")
	require.ErrorIs(t, err, order.ErrNotFound)
	for n, to := range r.addresses(t, l) {
		require.Equal(t, http.StatusOK, send(t, to, files[n]))
	}
	for n, st := range r.look(t, l) {
		require.Equal(t, listing.Complete, st.State)
		seen := r.view(t, l, listing.PictureID(n))
		require.Equal(t, files[n], seen.body)
		require.Equal(t, l.Pictures[n].Type, seen.header.Get("Content-Type"))
		require.Contains(t, seen.header.Get("Content-Disposition"), `inline; filename="`+l.ID)
	}
}

func TestBucket_ARepeatedUploadChangesNothing(t *testing.T) {
	r := newRig(t)
	file, other := uploadtest.JPEG(3000), uploadtest.PNG(3000)
	l := r.offer(file)
	to := r.addresses(t, l)[0]
	require.Equal(t, http.StatusOK, send(t, to, file))
	require.Equal(t, http.StatusPreconditionFailed, send(t, to, other), "before the check")
	require.Equal(t, listing.Complete, r.look(t, l)[0].State)
	require.Equal(t, http.StatusPreconditionFailed, send(t, to, other), "after it")
	require.Equal(t, file, r.view(t, l, "1").body)
}

func TestBucket_WhatIsNotThePictureIsRefusedAndMayBeSentAgain(t *testing.T) {
	jpeg := uploadtest.JPEG(3000)
	for name, c := range map[string]struct {
		file  []byte
		fault listing.Fault
	}{
		"a page":          {bytes.Repeat([]byte("<html>"), 500), listing.NoPicture},
		"another type":    {uploadtest.PNG(3000), listing.WrongType},
		"a larger file":   {uploadtest.JPEG(9000), listing.WrongSize},
		"something added": {append(jpeg[:2990:2990], "0123456789"...), listing.BadEnd},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			l := r.offer(jpeg)
			to := r.addresses(t, l)[0]
			require.Equal(t, http.StatusOK, send(t, to, c.file), "the emulator holds nothing against a signature")
			_, err := r.View(t.Context(), l, "1")
			require.ErrorIs(t, err, order.ErrNotFound)
			require.Equal(t, listing.Standing{State: listing.Refused, Fault: c.fault}, r.look(t, l)[0])
			require.Equal(t, http.StatusOK, send(t, to, jpeg))
			require.Equal(t, listing.Complete, r.look(t, l)[0].State)
		})
	}
}

func TestBucket_AChecksumThatS3DidNotSeeIsNotBelieved(t *testing.T) {
	r := newRig(t)
	file := uploadtest.JPEG(3000)
	l := r.offer(file)
	sum := sha256.Sum256(file)
	l.Pictures[0].SHA256 = hex.EncodeToString(sum[:])
	to := r.addresses(t, l)[0]
	delete(to.Headers, http.CanonicalHeaderKey("x-amz-checksum-sha256"))
	require.Equal(t, http.StatusOK, send(t, to, append(uploadtest.JPEG(2998), 0xff, 0xd9)), "the emulator holds nothing against a signature")
	require.Equal(t, listing.Standing{State: listing.Refused, Fault: listing.WrongChecksum}, r.look(t, l)[0])
	require.Equal(t, http.StatusOK, send(t, r.addresses(t, l)[0], file))
	require.Equal(t, listing.Complete, r.look(t, l)[0].State)
}

func TestCheck_MadeByManyAtOnceShowsThePictureOnce(t *testing.T) {
	r := newRig(t)
	file := uploadtest.PNG(3000)
	l := r.offer(file)
	require.Equal(t, http.StatusOK, send(t, r.addresses(t, l)[0], file))
	ended := make(chan error)
	for range 8 {
		go func() {
			st, err := r.Check(context.WithoutCancel(t.Context()), l, "1")
			if err == nil && st.State != listing.Complete {
				err = order.ErrNotFound
			}
			ended <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-ended)
	}
	require.Equal(t, file, r.view(t, l, "1").body)
}

func TestParseKey_ReadsOnlyWhatWasGivenOut(t *testing.T) {
	r := newRig(t)
	l := r.offer(uploadtest.PNG(900))
	require.Equal(t, http.StatusOK, send(t, r.addresses(t, l)[0], uploadtest.PNG(900)))
	listed, err := r.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &r.name})
	require.NoError(t, err)
	require.Len(t, listed.Contents, 1)
	id, picture, ok := bucket.ParseKey(*listed.Contents[0].Key)
	require.True(t, ok)
	require.Equal(t, l.ID, id)
	require.Equal(t, "1", picture)
	for _, key := range []string{"", "incoming", "incoming/../" + l.ID + "/1", "pictures/00/" + l.ID + "/1",
		"incoming/zz/" + l.ID + "/99", *listed.Contents[0].Key + "/", strings.Replace(*listed.Contents[0].Key, "/1", "/01", 1)} {
		_, _, ok := bucket.ParseKey(key)
		require.False(t, ok, key)
	}
}
