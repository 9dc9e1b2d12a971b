package loadtest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/upload/uploadtest"
)

// pictureBytes is the size of each of the two pictures of a listing.
const pictureBytes = 2 << 20

// BenchmarkListings_HTTP is a seller's listing through everything: its JSON
// through edge, local gateway, wrap, the shop's handler, intake and fsync to its
// 202, and, as "pictures", two pictures of 2 MB through the edge to their folder,
// checked, on disk and linked. "disk" writes the same files to the same disk with
// the same fsyncs and nothing in between: what it says bounds the other.
func BenchmarkListings_HTTP(b *testing.B) {
	binary := buildBanyan(b)
	picture := uploadtest.JPEG(pictureBytes)
	for _, sellers := range []int{1, 8, 32} {
		for name, pictures := range map[string][][]byte{"json": nil, "pictures": {picture, picture}} {
			b.Run(fmt.Sprintf("%s/sellers=%d", name, sellers), func(b *testing.B) {
				address := startBanyan(b, binary, true)
				b.SetBytes(int64(len(pictures)) * pictureBytes)
				b.ResetTimer()
				atOnce(b, sellers, func() func(int64) error {
					s := dialSeller(b, address)
					return func(i int64) error { return s.offer(i, pictures) }
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "listings/s")
			})
		}
		b.Run(fmt.Sprintf("disk/sellers=%d", sellers), func(b *testing.B) {
			dir := b.TempDir()
			b.SetBytes(2 * pictureBytes)
			b.ResetTimer()
			atOnce(b, sellers, func() func(int64) error {
				return func(i int64) error { return writePictures(dir, i, picture) }
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "listings/s")
		})
	}
}

// atOnce does something b.N times, by so many at once.
func atOnce(b *testing.B, n int, begin func() func(i int64) error) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range n {
		do := begin()
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := do(i); err != nil {
					b.Errorf("listing %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// seller is one connection, kept.
type seller struct {
	conn net.Conn
	in   *bufio.Reader
}

func dialSeller(b *testing.B, address string) *seller {
	conn, err := net.Dial("tcp", address)
	require.NoError(b, err)
	b.Cleanup(func() { conn.Close() })
	return &seller{conn, bufio.NewReaderSize(conn, 16<<10)}
}

// ask sends a request whose head is made already and returns the answer's body.
func (s *seller) ask(head string, body []byte, want int) ([]byte, error) {
	buffers := net.Buffers{[]byte(head), body}
	if _, err := buffers.WriteTo(s.conn); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return answer, err
}

func (s *seller) offer(i int64, pictures [][]byte) error {
	l := uploadtest.Listing("", pictures...)
	body, err := json.Marshal(map[string]any{
		"seller": map[string]string{"email": fmt.Sprintf("seller-%d@example.com", i), "name": "Ann Angler"},
		"title":  "Vintage creel", "description": "Wicker, one strap mended, with the patina of thirty summers on the same river.",
		"price": map[string]any{"amount": 18900, "currency": "USD"}, "category": "tackle", "condition": "Good", "pictures": l.Pictures,
	})
	if err != nil {
		return err
	}
	head := fmt.Sprintf("POST /resale/listings HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: application/json\r\nIdempotency-Key: bench-%d\r\nContent-Length: %d\r\n\r\n", i, len(body))
	answer, err := s.ask(head, body, http.StatusAccepted)
	if err != nil {
		return err
	}
	var accepted struct {
		Pictures []struct{ Upload listing.Upload }
	}
	if err := json.Unmarshal(answer, &accepted); err != nil {
		return err
	}
	for n, p := range accepted.Pictures {
		head := fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", p.Upload.URL, p.Upload.Headers["Content-Type"], len(pictures[n]))
		if _, err := s.ask(head, pictures[n], http.StatusCreated); err != nil {
			return err
		}
	}
	return nil
}

// writePictures writes two pictures as upload/folder does: a file of its own,
// fsync, a link, and an fsync of the folder.
func writePictures(dir string, i int64, picture []byte) error {
	for n := range 2 {
		name := filepath.Join(dir, fmt.Sprintf("%d-%d", i, n))
		f, err := os.Create(name + ".incoming")
		if err != nil {
			return err
		}
		_, err = io.Copy(f, bytes.NewReader(picture))
		if err == nil {
			err = f.Sync()
		}
		f.Close()
		if err == nil {
			err = os.Link(f.Name(), name)
		}
		if err == nil {
			err = os.Remove(f.Name())
		}
		if err != nil {
			return err
		}
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
