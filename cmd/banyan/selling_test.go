package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/upload/uploadtest"
)

// offered is the answer to a listing.
type offered struct {
	ID        string `json:"listing_id"`
	StatusURL string `json:"status_url"`
	Pictures  []struct {
		ID     string         `json:"id"`
		Upload listing.Upload `json:"upload"`
	} `json:"pictures"`
}

// offer sends a listing with pictures of these sizes under a key.
func offer(client *http.Client, storefront, key string, pictures ...[]byte) (o offered, err error) {
	l := uploadtest.Listing("", pictures...)
	body, err := json.Marshal(map[string]any{
		"seller": map[string]string{"email": "ann@example.com", "name": "Ann Angler"}, "title": "Creel of " + key, "description": "Wicker.",
		"price": map[string]any{"amount": 18900, "currency": "USD"}, "category": "tackle", "condition": "Good", "pictures": l.Pictures,
	})
	if err != nil {
		return o, err
	}
	req, err := http.NewRequest(http.MethodPost, storefront+"/resale/listings", bytes.NewReader(body))
	if err != nil {
		return o, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	status, answer, err := exchange(client, req)
	if err != nil {
		return o, err
	}
	if status != http.StatusAccepted {
		return o, fmt.Errorf("%d: %s", status, answer)
	}
	return o, json.Unmarshal(answer, &o)
}

// sendPicture puts a picture where the answer says and returns the status.
func sendPicture(client *http.Client, storefront string, to listing.Upload, picture io.Reader, length int64) (int, error) {
	req, err := http.NewRequest(to.Method, storefront+to.URL, picture)
	if err != nil {
		return 0, err
	}
	req.ContentLength = length
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	status, _, err := exchange(client, req)
	return status, err
}

func exchange(client *http.Client, req *http.Request) (int, []byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// standing is what the page of a listing says, as JSON.
type standing struct {
	Status   string `json:"status"`
	Final    bool   `json:"final"`
	Pictures []struct {
		State string `json:"state"`
		URL   string `json:"url"`
	} `json:"pictures"`
}

func (s *storefront) listing(path string) (st standing) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.Storefront+path, nil)
	require.NoError(s.t, err)
	req.Header.Set("Accept", "application/json")
	status, body, err := exchange(http.DefaultClient, req)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, status, "%s", body)
	require.NoError(s.t, json.Unmarshal(body, &st))
	return st
}

// written waits until a listing is in the legacy catalogue.
func (s *storefront) written(path string) (st standing) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		st = s.listing(path)
		return st.Status == "written"
	}, 20*time.Second, 20*time.Millisecond)
	return st
}

func TestUp_AListingIsWrittenToTheCatalogueOnceAndItsPicturesAreSeen(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"), "--reveal-arm")
	pictures := [][]byte{uploadtest.JPEG(2 << 20), uploadtest.PNG(listing.MaxPictureBytes)}
	first, err := offer(http.DefaultClient, s.Storefront, "k", pictures...)
	require.NoError(t, err)
	again, err := offer(http.DefaultClient, s.Storefront, "k", pictures...)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, "waiting", s.written(first.StatusURL).Pictures[0].State, "the catalogue does not wait for pictures")
	for n, p := range first.Pictures {
		status, err := sendPicture(http.DefaultClient, s.Storefront, p.Upload, bytes.NewReader(pictures[n]), int64(len(pictures[n])))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
	}
	st := s.listing(first.StatusURL)
	require.True(t, st.Final)
	for n, p := range st.Pictures {
		require.Equal(t, "complete", p.State)
		resp, body := get(t, s.Storefront+p.URL)
		require.Equal(t, string(pictures[n]), body)
		require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")
	}
	db := openLegacy(t, filepath.Join(s.Data, "legacy.db"))
	var title string
	var rows int
	require.NoError(t, db.QueryRow(`SELECT title, (SELECT count(*) FROM listing_pictures WHERE listing = number) FROM listings WHERE number = ?`, first.ID).Scan(&title, &rows))
	require.Equal(t, "Creel of k", title)
	require.Equal(t, 2, rows)
	require.True(t, s.ledger().Balanced)
	require.Zero(t, s.ledger().Accepted, "a listing is no order")
	require.Equal(t, 0, s.stop(), "%s", s.logged())
}

func TestUp_SellersWhoSendNothingOddGetNothingOdd(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	for name, c := range map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"fields that are wrong": {"application/json", `{}`, 400, "invalid"},
		"no such shelf":         {"application/json", `{"seller":{"email":"a@b.c","name":"A"},"title":"t","description":"d","price":{"amount":1,"currency":"USD"},"category":"cars","condition":"Mint"}`, 400, "category"},
		"too much":              {"application/json", `{"title":"` + string(bytes.Repeat([]byte("a"), listing.MaxBodyBytes)) + `"}`, 413, "Pictures are sent apart"},
		"neither":               {"text/plain", `x`, 415, "unsupported_media_type"},
	} {
		req, err := http.NewRequest(http.MethodPost, s.Storefront+"/resale/listings", bytes.NewBufferString(c.body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", c.contentType)
		status, body, err := exchange(http.DefaultClient, req)
		require.NoError(t, err)
		require.Equal(t, c.status, status, name)
		require.Contains(t, string(body), c.code, name)
	}
	_, err := offer(http.DefaultClient, s.Storefront, "k")
	require.NoError(t, err)
	_, err = offer(http.DefaultClient, s.Storefront, "k", uploadtest.PNG(900))
	require.ErrorContains(t, err, "422")
	require.ErrorContains(t, err, "different listing")
}

// TestUp_NoHalfPictureIsSeenAfterKills kills the process while listings and
// pictures come in, again and again.
func TestUp_NoHalfPictureIsSeenAfterKills(t *testing.T) {
	const rounds, sellers = 6, 8
	data := filepath.Join(t.TempDir(), "data")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	picture := uploadtest.JPEG(1 << 20)
	var mu sync.Mutex
	accepted, complete := map[string]offered{}, map[string]bool{}
	for round := range rounds {
		s := up(t, data)
		ctx, cancel := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		for seller := range sellers {
			crowd.Go(func() {
				client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
				defer client.CloseIdleConnections()
				for n := 0; ctx.Err() == nil; n++ {
					key := fmt.Sprintf("%d-%d-%d", round, seller, n)
					o, err := offer(client, s.Storefront, key, picture)
					if err != nil {
						return // the process is gone
					}
					mu.Lock()
					accepted[key] = o
					mu.Unlock()
					status, err := sendPicture(client, s.Storefront, o.Pictures[0].Upload, bytes.NewReader(picture), int64(len(picture)))
					mu.Lock()
					complete[key] = err == nil && status == http.StatusCreated
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(100+random.IntN(200)) * time.Millisecond) // a random moment is what is tested
		s.kill()
		cancel()
		crowd.Wait()
	}
	s := up(t, data)
	require.NotEmpty(t, complete)
	interrupted := 0
	for key, o := range accepted {
		again, err := offer(http.DefaultClient, s.Storefront, key, picture)
		require.NoError(t, err)
		require.Equal(t, o.ID, again.ID, "a repeated key gives the first listing")
		state := s.written(o.StatusURL).Pictures[0].State
		if complete[key] {
			require.Equal(t, "complete", state, "what was acknowledged is there")
		}
		if state != "complete" {
			interrupted++
			require.Equal(t, "waiting", state)
			status, err := sendPicture(http.DefaultClient, s.Storefront, again.Pictures[0].Upload, bytes.NewReader(picture), int64(len(picture)))
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, status)
		}
		_, body := get(t, s.Storefront+listing.PicturePath(o.ID, "1"))
		require.Equal(t, len(picture), len(body), "whole or not at all")
		require.True(t, body == string(picture))
	}
	t.Logf("%d kills, %d listings, %d uploads interrupted", rounds, len(accepted), interrupted)
	require.NoError(t, filepath.WalkDir(filepath.Join(data, uploadsName, "incoming"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = errors.New("left behind: " + path)
		}
		return err
	}))
	require.Equal(t, 0, s.stop(), "%s", s.logged())
	var rows, once int
	db := openLegacy(t, filepath.Join(data, "legacy.db"))
	require.NoError(t, db.QueryRow(`SELECT count(*), count(DISTINCT number) FROM listings`).Scan(&rows, &once))
	require.Equal(t, rows, once)
	require.GreaterOrEqual(t, rows, len(accepted))
}

func TestListings_AreListedShownCountedAndRedriven(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	db := openLegacy(t, filepath.Join(s.Data, "legacy.db"))
	_, err := db.Exec(`CREATE TRIGGER picky BEFORE INSERT ON listings WHEN NEW.title LIKE '%odd%' BEGIN SELECT RAISE(ABORT, 'not that'); END`)
	require.NoError(t, err)
	good, err := offer(http.DefaultClient, s.Storefront, "good", uploadtest.PNG(900))
	require.NoError(t, err)
	odd, err := offer(http.DefaultClient, s.Storefront, "odd")
	require.NoError(t, err)
	s.written(good.StatusURL)
	count := func() (l ledger) {
		require.NoError(t, json.Unmarshal(s.banyan("listings", "ledger", "--json"), &l))
		return l
	}
	require.Eventually(t, func() bool { return count().Dead == 1 }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, ledger{Accepted: 2, Written: 1, Dead: 1}, count())
	require.Contains(t, string(s.banyan("listings", "--state", "dead")), odd.ID)
	require.NotContains(t, string(s.banyan("listings", "--state", "written")), odd.ID)
	require.Contains(t, string(s.banyan("listings", "show", odd.ID)), "not that")
	require.Contains(t, string(s.banyan("listings", "show", good.ID)), "900 bytes of image/png")
	_, err = runBanyan("listings", "redrive", "--all", "--data", s.Data)
	require.ErrorContains(t, err, "stop it, redrive")
	require.Equal(t, 0, s.stop(), "%s", s.logged())

	_, err = runBanyan("listings", "redrive", good.ID, "--data", s.Data)
	require.ErrorContains(t, err, "is not dead")
	_, err = db.Exec(`DROP TRIGGER picky`)
	require.NoError(t, err)
	require.Equal(t, "redriven  1\n", string(s.banyan("listings", "redrive", odd.ID)))
	s = up(t, s.Data)
	s.written(odd.StatusURL)
	require.Equal(t, ledger{Accepted: 2, Written: 2}, count())
	require.Equal(t, 0, s.stop(), "%s", s.logged())
}

func TestBrowser_ASellerOffersAnItemWithPicturesAndOneWithoutScript(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	b := newShopper(t)
	files := []string{filepath.Join(t.TempDir(), "front of it.png"), filepath.Join(t.TempDir(), "a page.png")}
	require.NoError(t, os.WriteFile(files[0], uploadtest.PNG(700_000), 0o600))
	require.NoError(t, os.WriteFile(files[1], bytes.Repeat([]byte("<html>"), 200), 0o600))
	// Enter rather than a click: while the page still settles a click may miss.
	offer := chromedp.SendKeys(`[name=email]`, kb.Enter)
	fill := func() {
		b.do(chromedp.Navigate(s.Storefront+"/resale/sell"), chromedp.WaitVisible(`[name=title]`),
			chromedp.SendKeys(`[name=title]`, "Old creel"), chromedp.SendKeys(`[name=description]`, "Wicker."),
			chromedp.SendKeys(`[name=price]`, "189.50"), chromedp.SendKeys(`[name=name]`, "Ann"), chromedp.SendKeys(`[name=email]`, "ann@example.com"))
	}
	fill()
	b.do(chromedp.SetUploadFiles(`#pictures`, files[:1]), offer, chromedp.WaitVisible(`li[data-state=complete] img`))
	require.Contains(t, b.look("sell-1-offered"), "$189.50")
	var width int
	b.do(chromedp.Poll(`document.querySelector("li[data-state=complete] img").naturalWidth`, &width))
	require.Positive(t, width, "the browser shows it as a picture")

	fill()
	b.do(chromedp.SetUploadFiles(`#pictures`, files), offer,
		chromedp.Poll(`document.querySelector("[data-progress]").textContent.includes("not a JPEG, PNG or WebP")`, nil))

	b.do(emulation.SetScriptExecutionDisabled(true))
	fill()
	require.Contains(t, b.look("sell-2-no-script"), "does not run")
	b.do(offer, chromedp.WaitVisible(`.standing[data-status]`))
	require.Contains(t, b.look("sell-3-offered"), "Old creel")
}
