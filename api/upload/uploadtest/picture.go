// Package uploadtest makes pictures for tests and benchmarks: real ones of any
// size in bytes, and files that only look like pictures.
package uploadtest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"math/rand/v2"

	"github.com/banyan-edge/banyan/api/listing"
)

// JPEG returns a picture of so many bytes, at least some hundred.
func JPEG(size int) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil))
	whole := b.Bytes()
	padded := append([]byte{}, whole[:2]...)
	for missing := size - len(whole); missing > 0; {
		n := min(missing, 65_537)
		if rest := missing - n; rest > 0 && rest < 4 {
			n -= 4
		}
		padded = append(padded, 0xff, 0xe5) // an application's own segment
		padded = binary.BigEndian.AppendUint16(padded, uint16(n-2))
		padded = append(padded, noise(n-4)...)
		missing -= n
		if len(padded) > 100<<10 { // the rest behind the header, which has to come early
			break
		}
	}
	return withNoise(append(padded, whole[2:]...), size)
}

// withNoise makes a JPEG's scan longer by what is missing: bytes between its last
// ones and its end, as decoders pass over.
func withNoise(picture []byte, size int) []byte {
	missing := size - len(picture)
	end := picture[len(picture)-2:]
	return append(append(picture[:len(picture)-2:len(picture)-2], noise(missing)...), end...)
}

// PNG returns a picture of so many bytes, at least some hundred.
func PNG(size int) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))))
	whole := b.Bytes()
	end := whole[len(whole)-12:]
	return append(append(whole[:len(whole)-12:len(whole)-12], chunk("prIv", noise(size-len(whole)-12))...), end...)
}

// HugePNG claims so many pixels a side and has none of them.
func HugePNG(side uint32) []byte {
	head := binary.BigEndian.AppendUint32(nil, side)
	head = binary.BigEndian.AppendUint32(head, side)
	picture := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 0, 0, 0, 0))...)
	return append(append(picture, chunk("IDAT", nil)...), chunk("IEND", nil)...)
}

func chunk(name string, data []byte) []byte {
	c := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	c = append(append(c, name...), data...)
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}

// WebP returns a lossless picture of so many bytes, an even number.
func WebP(size int) []byte {
	data := append([]byte{0x2f, 7, 0xc0, 1, 0}, noise(size-25)...) // 8 × 8 pixels
	c := append([]byte("VP8L"), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...)
	c = append(c, data...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(c)+4)), append([]byte("WEBP"), c...)...)
}

// noise holds no byte that means anything in a JPEG.
func noise(n int) []byte {
	random := rand.NewChaCha8([32]byte{byte(n)})
	b := make([]byte, max(0, n))
	_, _ = random.Read(b) // never fails
	for i := range b {
		b[i] &= 0x7f
	}
	return b
}

func must(err error) {
	if err != nil {
		panic(err) // into memory
	}
}

// Listing offers an item with pictures of these contents, whose types are what
// each is.
func Listing(id string, pictures ...[]byte) listing.Listing {
	l := listing.Listing{ID: id, Title: "Old creel"}
	for n, p := range pictures {
		kind := listing.JPEG
		switch {
		case bytes.HasPrefix(p, []byte("\x89PNG")):
			kind = listing.PNG
		case bytes.HasPrefix(p, []byte("RIFF")):
			kind = listing.WebP
		}
		l.Pictures = append(l.Pictures, listing.Picture{Name: "picture " + listing.PictureID(n), Type: kind, Bytes: int64(len(p))})
	}
	return l
}
