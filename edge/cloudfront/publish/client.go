package publish

import (
	"context"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	kvs "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// API is what a Publisher calls of the key-value store's data plane.
type API interface {
	DescribeKeyValueStore(context.Context, *kvs.DescribeKeyValueStoreInput, ...func(*kvs.Options)) (*kvs.DescribeKeyValueStoreOutput, error)
	ListKeys(context.Context, *kvs.ListKeysInput, ...func(*kvs.Options)) (*kvs.ListKeysOutput, error)
	GetKey(context.Context, *kvs.GetKeyInput, ...func(*kvs.Options)) (*kvs.GetKeyOutput, error)
	UpdateKeys(context.Context, *kvs.UpdateKeysInput, ...func(*kvs.Options)) (*kvs.UpdateKeysOutput, error)
}

// NewClient returns a client for the data plane. It signs with SigV4A, which the
// service asks for, and does not try again by itself: whether an update may be
// repeated depends on what became of the first, and the Publisher finds out.
func NewClient(cfg aws.Config) *kvs.Client {
	return kvs.NewFromConfig(cfg, func(o *kvs.Options) {
		o.Retryer = aws.NopRetryer{}
		o.EndpointResolverV2 = resolver{o.EndpointResolverV2}
		if o.Region == "" { // the service is global, but the SDK wants one
			o.Region = "us-east-1"
		}
	})
}

// resolver lets an endpoint that is given as an address be that address. The
// SDK puts the account's number before the host, which leads nowhere there.
type resolver struct{ kvs.EndpointResolverV2 }

// ResolveEndpoint returns where to send a request, and how to sign it.
func (r resolver) ResolveEndpoint(ctx context.Context, params kvs.EndpointParameters) (smithyendpoints.Endpoint, error) {
	inner := r.EndpointResolverV2
	if inner == nil {
		inner = kvs.NewDefaultEndpointResolverV2()
	}
	address, ok := isAddress(params.Endpoint)
	if !ok {
		return inner.ResolveEndpoint(ctx, params)
	}
	params.Endpoint = nil
	endpoint, err := inner.ResolveEndpoint(ctx, params)
	endpoint.URI = address
	return endpoint, err
}

// isAddress reports whether an endpoint is an address, or this machine's name.
func isAddress(endpoint *string) (url.URL, bool) {
	if endpoint == nil {
		return url.URL{}, false
	}
	u, err := url.Parse(*endpoint)
	if err != nil || u.Hostname() != "localhost" && net.ParseIP(u.Hostname()) == nil {
		return url.URL{}, false
	}
	return *u, true
}
