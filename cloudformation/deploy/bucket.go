package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Bucket is where zips and large templates lie for CloudFormation to find.
type Bucket struct {
	S3     *s3.Client
	Name   string
	Region string
}

// Put keeps content under key. Keys are made of the content's hash, so one that
// is there already is left alone.
func (b *Bucket) Put(ctx context.Context, key string, content []byte) error {
	head, err := b.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.Name, Key: &key})
	var missing *types.NotFound
	switch {
	case err == nil && aws.ToInt64(head.ContentLength) == int64(len(content)):
		return nil
	case err != nil && !errors.As(err, &missing):
		return fmt.Errorf("look for %s in bucket %s: %w", key, b.Name, err)
	}
	return b.Replace(ctx, key, content)
}

// URL is the address of a key, in the form that CloudFormation takes.
func (b *Bucket) URL(key string) string {
	return fmt.Sprintf("https://%s.s3.%s.amazonaws.com/%s", b.Name, b.Region, (&url.URL{Path: key}).EscapedPath())
}

// Empty removes everything from the bucket, all versions.
func (b *Bucket) Empty(ctx context.Context) error {
	pages := s3.NewListObjectVersionsPaginator(b.S3, &s3.ListObjectVersionsInput{Bucket: &b.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list bucket %s: %w", b.Name, err)
		}
		var objects []types.ObjectIdentifier
		for _, v := range page.Versions {
			objects = append(objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			objects = append(objects, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(objects) == 0 {
			continue
		}
		out, err := b.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b.Name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("empty bucket %s: %w", b.Name, err)
		}
		if len(out.Errors) > 0 {
			return fmt.Errorf("empty bucket %s: %s: %s", b.Name, aws.ToString(out.Errors[0].Key), aws.ToString(out.Errors[0].Message))
		}
	}
	return nil
}

// Replace keeps content under a key that is not made of its hash: what is there
// is replaced, and kept as an older version.
func (b *Bucket) Replace(ctx context.Context, key string, content []byte) error {
	_, err := b.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: bytes.NewReader(content),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	if err != nil {
		return fmt.Errorf("put %s into bucket %s: %w", key, b.Name, err)
	}
	return nil
}
