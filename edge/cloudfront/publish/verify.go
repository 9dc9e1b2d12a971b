package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// errStale: what is read back is not what was written, though nobody wrote since.
var errStale = errors.New("the store does not show what was written")

// verify reads back what was written: the keys that were touched, or the whole
// store where that takes fewer calls. A read may be served by a part of the
// store that has not heard of the write yet, so it is given some time.
func (r *run) verify(ctx context.Context, touched []string) error {
	for n := range verifyTries {
		same, err := r.shows(ctx, touched)
		if err != nil {
			return err
		}
		now, err := r.describe(ctx)
		switch {
		case err != nil:
			return err
		case aws.ToString(now.ETag) != r.state.ETag:
			return fmt.Errorf("%w: it was written to after the publish", errAgain)
		case same:
			return nil
		}
		if err := r.backOff(ctx, n); err != nil {
			return err
		}
	}
	return errors.Join(errAgain, errStale)
}

// shows reports whether the store shows the state.
func (r *run) shows(ctx context.Context, touched []string) (bool, error) {
	if pages(len(r.state.Items)+1) < len(touched) {
		all, err := r.list(ctx)
		if err != nil {
			return false, err
		}
		got := stateOf(r.store, "", all)
		return got.Mark.encode() == r.state.Mark.encode() && maps.Equal(got.Items, r.state.Items), nil
	}
	for _, key := range touched {
		want, wanted := r.state.Items[key]
		if key == MarkKey {
			want, wanted = r.state.Mark.encode(), true
		}
		got, there, err := r.get(ctx, key)
		if err != nil {
			return false, err
		}
		if there != wanted || got != want {
			return false, nil
		}
	}
	return true, nil
}
