package bucket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// Options say where pictures are kept. Name is required.
type Options struct {
	Name   string     // of the bucket
	Client *s3.Client // nil means one made from the environment's configuration

	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger     // nil means no logging
}

// Bucket keeps pictures. It has no state: any number of processes may have one
// over the same bucket.
type Bucket struct {
	name    string
	client  *s3.Client
	presign *s3.PresignClient
	origin  string
	now     func() time.Time
	log     *slog.Logger
}

// New returns pictures in a bucket that exists. It asks nothing of it.
func New(ctx context.Context, o Options) (*Bucket, error) {
	if o.Name == "" {
		return nil, errors.New("open the bucket of pictures: a name is needed")
	}
	if o.Client == nil {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("read AWS configuration: %w", err)
		}
		o.Client = s3.NewFromConfig(cfg)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Bucket{name: o.Name, client: o.Client, presign: s3.NewPresignClient(o.Client), now: o.Now, log: o.Logger}
	return b, b.findOrigin(ctx)
}

// findOrigin makes an address to see where they point to. It asks nobody.
func (b *Bucket) findOrigin(ctx context.Context) error {
	made, err := b.presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &b.name})
	if err != nil {
		return fmt.Errorf("find the address of bucket %s: %w", b.name, err)
	}
	at, err := url.Parse(made.URL)
	if err != nil {
		return fmt.Errorf("find the address of bucket %s: %w", b.name, err)
	}
	b.origin = at.Scheme + "://" + at.Host
	return nil
}

// Origin is where the addresses point to.
func (b *Bucket) Origin(context.Context) string { return b.origin }

// The places in the bucket, as the first part of a key.
const (
	incoming = "incoming"
	pictures = "pictures"
	refused  = "refused"
)

// keyOf names a picture at a place. The last two characters of a listing's id
// are random, so that S3, which divides a bucket by the beginnings of keys, finds
// no end that is busier than the others.
func keyOf(place, id, picture string) string { return prefixOf(place, id) + picture }

func prefixOf(place, id string) string {
	return place + "/" + strings.ToLower(id[len(id)-2:]) + "/" + id + "/"
}

// ParseKey reads the key of an incoming object, as an S3 notification has it
// once it is unescaped.
func ParseKey(key string) (id, picture string, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || !order.ValidID(parts[2]) || !listing.ValidPictureID(parts[3]) {
		return "", "", false
	}
	return parts[2], parts[3], key == keyOf(incoming, parts[2], parts[3])
}
