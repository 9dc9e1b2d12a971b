package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/api/upload/bucket"
)

// sells is what takes listings: into the table and their queue, with pictures past
// the function into their bucket.
type sells struct {
	listings *aws.Listings
	pictures *bucket.Bucket
}

// openSells returns nil where no listings are taken.
func openSells(ctx context.Context, s Settings, store *aws.Store, client *s3.Client, log *slog.Logger) (*sells, error) {
	if s.ListingsQueue == "" {
		return nil, nil
	}
	pictures, err := bucket.New(ctx, bucket.Options{Name: s.Pictures, Client: client, Logger: log})
	if err != nil {
		return nil, err
	}
	return &sells{store.Listings(s.ListingsQueue), pictures}, nil
}

// swept adds the sweep of listings to that of orders.
func (s *sells) swept(orders func(context.Context) (int, error)) func(context.Context) (int, error) {
	if s == nil {
		return orders
	}
	return func(ctx context.Context) (int, error) {
		sent, err := orders(ctx)
		more, err2 := s.listings.Sweep(ctx)
		return sent + more, errors.Join(err, err2)
	}
}

// selling is the store's listings and their pictures, opened when they are first
// asked. It implements shop.Listings and shop.Uploads.
type selling struct {
	orders *orders
	log    *slog.Logger
}

// into has the shop take listings, where their queue and a bucket are named.
func (s *selling) into(o *shop.Options) {
	if s.orders.settings.ListingsQueue != "" {
		o.Listings, o.Uploads = s, s
	}
}

func (s *selling) open(ctx context.Context) (*sells, error) {
	st, err := s.orders.store(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", order.ErrUnavailable, err)
	}
	return st.sells, nil
}

// Accept implements shop.Listings.
func (s *selling) Accept(ctx context.Context, l listing.Listing) (listing.Receipt, error) {
	in, err := s.open(ctx)
	if err != nil {
		return listing.Receipt{}, err
	}
	return in.listings.Accept(ctx, l)
}

// Find implements shop.Listings.
func (s *selling) Find(ctx context.Context, id string) (listing.Record, error) {
	in, err := s.open(ctx)
	if err != nil {
		return listing.Record{}, err
	}
	return in.listings.Find(ctx, id)
}

// Addresses implements shop.Uploads.
func (s *selling) Addresses(ctx context.Context, l listing.Listing) ([]listing.Upload, error) {
	in, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return in.pictures.Addresses(ctx, l)
}

// Look implements shop.Uploads.
func (s *selling) Look(ctx context.Context, l listing.Listing) ([]listing.Standing, error) {
	in, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return in.pictures.Look(ctx, l)
}

// View implements shop.Uploads.
func (s *selling) View(ctx context.Context, l listing.Listing, picture string) (string, error) {
	in, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	return in.pictures.View(ctx, l, picture)
}

// Origin implements shop.Uploads. Where the store cannot be opened a page that
// offers something could not send it either.
func (s *selling) Origin(ctx context.Context) string {
	in, err := s.open(ctx)
	if err != nil {
		return ""
	}
	return in.pictures.Origin(ctx)
}

// arrived checks the pictures that a notification says have come. An error has
// Lambda try again; what it misses is checked when somebody looks.
func (s *selling) arrived(ctx context.Context, keys []string) ([]byte, error) {
	in, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	checked := 0
	var errs []error
	for _, key := range keys {
		id, picture, ok := bucket.ParseKey(key)
		if !ok {
			continue // not an upload
		}
		l, err := in.listings.Find(ctx, id)
		if err == nil {
			_, err = in.pictures.Check(ctx, l.Listing, picture)
		}
		switch {
		case errors.Is(err, order.ErrNotFound):
			s.log.WarnContext(ctx, "a picture came for no listing", "listing_id", id, "picture", picture)
		case err != nil:
			errs = append(errs, fmt.Errorf("check picture %s of listing %s: %w", picture, id, err))
		default:
			checked++
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return json.Marshal(struct {
		Checked int `json:"checked"`
	}{checked})
}

// notificationSource is the source of the records of an S3 notification.
const notificationSource = "aws:s3"

// arrivals returns the keys of an S3 notification's objects, and false where the
// event is something else. An HTTP event, whose fields a shopper fills, never is
// one: it has no records of its own.
func arrivals(payload []byte) (keys []string, ok bool) {
	if !bytes.Contains(payload, []byte(notificationSource)) {
		return nil, false
	}
	var event struct {
		Records []struct {
			Source string `json:"eventSource"`
			S3     struct {
				Object struct {
					Key string `json:"key"`
				} `json:"object"`
			} `json:"s3"`
		} `json:"Records"`
		RequestContext json.RawMessage `json:"requestContext"`
	}
	if json.Unmarshal(payload, &event) != nil || event.RequestContext != nil || len(event.Records) == 0 {
		return nil, false
	}
	for _, r := range event.Records {
		if r.Source != notificationSource {
			return nil, false
		}
		if key, err := url.QueryUnescape(r.S3.Object.Key); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, true
}
