package k6

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/upload/uploadtest"
	"github.com/banyan-edge/banyan/loadtest/sale"
)

// offer is a listing that a seller tried to offer, and what the seller was told.
type offer struct {
	Key      string        `json:"listing_key"`
	Email    string        `json:"email"`
	Title    string        `json:"title"` // names the attempt; legacy's row has it
	Amount   int64         `json:"amount"`
	Pictures int           `json:"pictures"`
	IDs      []string      `json:"ids"`
	Sent     time.Duration `json:"sent"`
	Ended    time.Duration `json:"ended"` // zero: it was cut off
	Silent   bool          `json:"silent"`
}

// readOffers reads the notes of listings; the last one of each is what counts.
func readOffers(path string) ([]offer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := make(map[string]offer)
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var o offer
		if json.Unmarshal(lines.Bytes(), &o) == nil && o.Key != "" {
			all[o.Key] = o
		}
	}
	var offers []offer
	for _, o := range all {
		offers = append(offers, o)
	}
	return offers, nil
}

// catalogued is a listing as the legacy catalogue has it.
type catalogued struct {
	Number, Email, Title string
	Amount               int64
	Pictures             int
}

// requireOffers holds what sellers were told against the legacy catalogue, and
// returns how many listings were accepted.
func (r *rig) requireOffers(t *testing.T, offers []offer) (accepted int) {
	t.Helper()
	for _, o := range offers {
		require.LessOrEqual(t, len(o.IDs), 1, "one key, one listing: %+v", o)
		accepted += len(o.IDs)
	}
	for began := time.Now(); r.count(t, "SELECT count(*) FROM listings") < accepted; {
		require.Less(t, time.Since(began), drainPatience, "listings still wait\n%s", lastWords(r.up.Log()))
		time.Sleep(100 * time.Millisecond) // the catalogue is only to be asked
	}
	rows := r.catalogue(t)
	for _, o := range offers {
		found := rows[o.Title]
		delete(rows, o.Title)
		switch {
		case len(o.IDs) == 1:
			require.Equal(t, []catalogued{{o.IDs[0], o.Email, o.Title, o.Amount, o.Pictures}}, found)
		case o.Silent || o.Ended == 0:
			require.LessOrEqual(t, len(found), 1, o.Title)
		default:
			require.Empty(t, found, "its seller was told that there is none")
		}
	}
	require.Empty(t, rows, "listings that nobody offered")
	return accepted
}

// catalogue reads what legacy has, by title.
func (r *rig) catalogue(t *testing.T) map[string][]catalogued {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.pg.URL(r.database))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `SELECT number, email, title, price_cents,
		(SELECT count(*) FROM listing_pictures WHERE listing = number) FROM listings`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[catalogued])
	require.NoError(t, err)
	byTitle := make(map[string][]catalogued)
	for _, c := range all {
		byTitle[c.Title] = append(byTitle[c.Title], c)
	}
	return byTitle
}

// smallPicture is what the generator in Go uploads.
var smallPicture = uploadtest.JPEG(20_000)

// sell offers a listing with a picture, every third twice with one key.
func (c *crowd) sell(ctx context.Context, n int, _ time.Duration) (sale.Outcome, string) {
	o := offer{Key: fmt.Sprintf("offer-%d", n), Email: fmt.Sprintf("seller-%d@example.com", n), Title: fmt.Sprintf("Rod %d", n), Amount: int64(100 + n), Pictures: 1}
	outcome, trouble := c.offer(ctx, &o)
	if n%3 == 0 && outcome == sale.Done {
		outcome, trouble = c.offer(ctx, &o)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offers = append(c.offers, o)
	return outcome, trouble
}

// offer sends it once, with its picture.
func (c *crowd) offer(ctx context.Context, o *offer) (sale.Outcome, string) {
	body := fmt.Sprintf(`{"seller":{"email":%q,"name":"Ann Angler"},"title":%q,"description":"Fished for one summer.",
		"price":{"amount":%d,"currency":"USD"},"category":"rods","condition":"Good",
		"pictures":[{"name":"rod.jpg","type":"image/jpeg","bytes":%d}]}`, o.Email, o.Title, o.Amount, len(smallPicture))
	header := map[string]string{"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": o.Key}
	var says struct {
		ID       string `json:"listing_id"`
		Pictures []struct {
			Upload struct {
				Method, URL string
				Headers     map[string]string
			}
		}
	}
	status, err := c.send(ctx, http.MethodPost, "/resale/listings", header, []byte(body), &says)
	o.Ended, o.Silent = time.Since(c.Began), err != nil
	if status != http.StatusAccepted || len(says.Pictures) != 1 {
		return sale.Failed, fmt.Sprint("listing: ", status, err)
	}
	if !slices.Contains(o.IDs, says.ID) {
		o.IDs = append(o.IDs, says.ID)
	}
	to := says.Pictures[0].Upload
	status, err = c.send(ctx, to.Method, strings.TrimPrefix(to.URL, c.Target), to.Headers, smallPicture, nil)
	if status != http.StatusCreated && status != http.StatusPreconditionFailed { // it is there already
		return sale.Failed, fmt.Sprint("picture: ", status, err)
	}
	return sale.Done, ""
}

// send does one request and decodes its answer, where that is wanted.
func (c *crowd) send(ctx context.Context, method, path string, header map[string]string, body []byte, says any) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Target+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if says != nil {
		err = json.NewDecoder(resp.Body).Decode(says)
	}
	return resp.StatusCode, err
}
