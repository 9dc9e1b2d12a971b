package bucket

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/upload"
)

// checks is how many pictures of a listing are checked at once.
const checks = 4

// Look returns what has become of a listing's pictures, in their order. Those
// that have arrived and were not checked yet are checked now.
func (b *Bucket) Look(ctx context.Context, l listing.Listing) ([]listing.Standing, error) {
	all := make([]listing.Standing, len(l.Pictures))
	if len(all) == 0 {
		return all, nil
	}
	var names [3]map[string]listing.Fault
	group, asked := errgroup.WithContext(ctx)
	for i, place := range []string{pictures, incoming, refused} {
		group.Go(func() (err error) {
			names[i], err = b.list(asked, prefixOf(place, l.ID))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("look for the pictures of %s: %w", l.ID, err)
	}
	group, asked = errgroup.WithContext(ctx)
	group.SetLimit(checks)
	for n := range all {
		id := listing.PictureID(n)
		_, shown := names[0][id]
		_, arrived := names[1][id]
		fault, was := names[2][id]
		switch {
		case shown:
			all[n].State = listing.Complete
		case arrived:
			group.Go(func() (err error) {
				all[n], err = b.Check(asked, l, id)
				return err
			})
		case was:
			all[n] = listing.Standing{State: listing.Refused, Fault: fault}
		}
	}
	return all, group.Wait()
}

// list returns the pictures below a prefix, with the fault that is in the name.
func (b *Bucket) list(ctx context.Context, prefix string) (map[string]listing.Fault, error) {
	out, err := b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix})
	if err != nil {
		return nil, err
	}
	found := make(map[string]listing.Fault, len(out.Contents))
	for _, object := range out.Contents {
		picture, word, _ := strings.Cut(path.Base(aws.ToString(object.Key)), ".")
		fault, _ := listing.ParseFault(word)
		found[picture] = fault
	}
	return found, nil
}

// Check holds one picture that arrived against what was announced. It may be
// made twice, and by two at once.
func (b *Bucket) Check(ctx context.Context, l listing.Listing, picture string) (listing.Standing, error) {
	announced, ok := l.Picture(picture)
	if !ok {
		return listing.Standing{}, fmt.Errorf("check picture %s of %s: %w", picture, l.ID, order.ErrNotFound)
	}
	if there, err := b.has(ctx, keyOf(pictures, l.ID, picture)); there || err != nil {
		return listing.Standing{State: listing.Complete}, err
	}
	key := keyOf(incoming, l.ID, picture)
	found, err := b.inspect(ctx, key, announced)
	if isGone(err) { // it never came, or another check has just refused it
		return listing.Standing{}, nil
	}
	if err == nil && found.fault != "" {
		err = b.refuse(ctx, l.ID, picture, found.fault)
		return listing.Standing{State: listing.Refused, Fault: found.fault}, err
	}
	if err == nil {
		err = b.show(ctx, l.ID, picture, found)
	}
	if err != nil {
		return listing.Standing{}, fmt.Errorf("check picture %s of %s: %w", picture, l.ID, err)
	}
	return listing.Standing{State: listing.Complete}, nil
}

// found is what an incoming object turned out to be.
type found struct {
	etag  *string
	kind  string
	fault listing.Fault
}

func (b *Bucket) inspect(ctx context.Context, key string, announced listing.Picture) (found, error) {
	stat, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return found{}, err
	}
	f := found{etag: stat.ETag, kind: announced.Type}
	size := aws.ToInt64(stat.ContentLength)
	switch {
	case size != announced.Bytes:
		f.fault = listing.WrongSize
		return f, nil
	case announced.SHA256 != "" && aws.ToString(stat.ChecksumSHA256) == "": // S3 has not held it against the signed one
		f.fault, err = b.inspectWhole(ctx, key, f.etag, announced)
		return f, err
	case announced.SHA256 != "" && !sameSum(*stat.ChecksumSHA256, announced.SHA256):
		f.fault = listing.WrongChecksum
		return f, nil
	}
	head, err := b.read(ctx, key, f.etag, fmt.Sprintf("bytes=0-%d", min(size, upload.HeadBytes)-1))
	if err != nil {
		return f, err
	}
	tail := head[max(0, len(head)-upload.TailBytes):]
	if size > int64(len(head)) {
		if tail, err = b.read(ctx, key, f.etag, fmt.Sprintf("bytes=-%d", upload.TailBytes)); err != nil {
			return f, err
		}
	}
	f.fault = upload.Verdict(announced, head, tail, size)
	return f, nil
}

// sameSum compares a checksum as S3 writes it with one in hexadecimal.
func sameSum(stored, announced string) bool {
	sum, err := base64.StdEncoding.DecodeString(stored)
	return err == nil && hex.EncodeToString(sum) == announced
}

// read reads a part of the object that has this ETag.
func (b *Bucket) read(ctx context.Context, key string, etag *string, part string) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, IfMatch: etag, Range: &part})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(io.LimitReader(out.Body, upload.HeadBytes))
}

// inspectWhole reads all of an object that has the announced size.
func (b *Bucket) inspectWhole(ctx context.Context, key string, etag *string, announced listing.Picture) (listing.Fault, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, IfMatch: etag})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	check := upload.NewCheck(announced)
	if _, err := io.Copy(check, out.Body); err != nil {
		return "", err
	}
	return check.Fault(), nil
}

// extensions are for the names that browsers save pictures under.
var extensions = map[string]string{listing.JPEG: ".jpg", listing.PNG: ".png", listing.WebP: ".webp"}

// show copies the very object that was inspected to where pictures are.
func (b *Bucket) show(ctx context.Context, id, picture string, f found) error {
	_, err := b.client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &b.name, Key: aws.String(keyOf(pictures, id, picture)),
		CopySource: aws.String(url.PathEscape(b.name) + "/" + keyOf(incoming, id, picture)), CopySourceIfMatch: f.etag,
		MetadataDirective: types.MetadataDirectiveReplace, ContentType: &f.kind,
		ContentDisposition: aws.String(fmt.Sprintf("inline; filename=%q", id+"-"+picture+extensions[f.kind])),
		CacheControl:       aws.String("public, max-age=31536000, immutable"),
	})
	return err
}

// refuse notes the fault and removes the object, so that its address takes
// another.
func (b *Bucket) refuse(ctx context.Context, id, picture string, fault listing.Fault) error {
	b.log.InfoContext(ctx, "picture refused", "listing_id", id, "picture", picture, "outcome", string(fault))
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: aws.String(keyOf(refused, id, picture) + "." + string(fault)), Body: strings.NewReader(""),
	})
	if err == nil {
		_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: aws.String(keyOf(incoming, id, picture))})
	}
	if err != nil {
		return fmt.Errorf("refuse picture %s of %s: %w", picture, id, err)
	}
	return nil
}

func (b *Bucket) has(ctx context.Context, key string) (bool, error) {
	_, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if isGone(err) {
		return false, nil
	}
	return err == nil, err
}

// isGone reports whether S3 said that there is no such object.
func isGone(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.ErrorCode() {
	case "NotFound", "NoSuchKey":
		return true
	}
	return false
}

// View returns an address at which a checked picture can be seen for at least
// half an hour, or order.ErrNotFound. One that has arrived is checked first.
func (b *Bucket) View(ctx context.Context, l listing.Listing, picture string) (string, error) {
	if _, ok := l.Picture(picture); !ok {
		return "", order.ErrNotFound
	}
	st, err := b.Check(ctx, l, picture)
	switch {
	case err != nil:
		return "", err
	case st.State != listing.Complete:
		return "", order.ErrNotFound
	}
	from, until := upload.Window(l.AcceptedAt, b.now())
	made, err := b.presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: aws.String(keyOf(pictures, l.ID, picture))},
		signedAt(from, until.Sub(from)))
	if err != nil {
		return "", fmt.Errorf("sign the address of picture %s of %s: %w", picture, l.ID, err)
	}
	return made.URL, nil
}
