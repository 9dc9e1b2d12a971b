package bucket

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/upload"
)

// Addresses returns presigned addresses, one a picture. They hold for
// upload.AddressLife, or until the credentials that signed them end: those of a
// function last for some hours.
func (b *Bucket) Addresses(ctx context.Context, l listing.Listing) ([]listing.Upload, error) {
	from, until := upload.Window(l.AcceptedAt, b.now())
	all := make([]listing.Upload, len(l.Pictures))
	for n, p := range l.Pictures {
		in := &s3.PutObjectInput{
			Bucket: &b.name, Key: aws.String(keyOf(incoming, l.ID, listing.PictureID(n))),
			ContentType: &p.Type, ContentLength: &p.Bytes, IfNoneMatch: aws.String("*"),
		}
		if p.SHA256 != "" {
			sum, err := hex.DecodeString(p.SHA256)
			if err != nil {
				return nil, fmt.Errorf("sign the address of picture %d: %w", n+1, err)
			}
			in.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(sum))
		}
		made, err := b.presign.PresignPutObject(ctx, in, signedAt(from, until.Sub(from)), inHeaders)
		if err != nil {
			return nil, fmt.Errorf("sign the address of picture %d: %w", n+1, err)
		}
		all[n] = listing.Upload{Method: made.Method, URL: made.URL, Headers: toSend(made.SignedHeader), Expires: until}
	}
	return all, nil
}

// toSend are the signed headers that a sender has to set itself: every HTTP
// client sets the host and the length.
func toSend(signed http.Header) map[string]string {
	headers := make(map[string]string, len(signed))
	for name, values := range signed {
		switch name := http.CanonicalHeaderKey(name); name {
		case "Host", "Content-Length":
		default:
			headers[name] = strings.Join(values, ",")
		}
	}
	return headers
}

// signedAt signs as of a time, so that an answer given again has the same
// addresses. The checksum is the seller's: the SDK, which has no body to look at,
// is not to add one of its own, nor to ask for one.
func signedAt(at time.Time, life time.Duration) func(*s3.PresignOptions) {
	return func(o *s3.PresignOptions) {
		o.Expires = life
		o.Presigner = changed{o.Presigner, at, nil}
		o.ClientOptions = append(o.ClientOptions, func(o *s3.Options) {
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		})
	}
}

// inHeaders has what must be true of an upload sent as a header and signed there:
// S3 does not hold an upload against all that is in its address.
func inHeaders(o *s3.PresignOptions) {
	signer := o.Presigner.(changed)
	signer.options = append(signer.options, func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	o.Presigner = signer
}

// changed is a signer with another time and more options.
type changed struct {
	signer  s3.HTTPPresignerV4
	at      time.Time
	options []func(*v4.SignerOptions)
}

// PresignHTTP implements s3.HTTPPresignerV4.
func (c changed) PresignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request,
	payloadHash, service, region string, _ time.Time, options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	return c.signer.PresignHTTP(ctx, credentials, r, payloadHash, service, region, c.at, append(options, c.options...)...)
}
