package upload

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"slices"

	"github.com/banyan-edge/banyan/api/listing"
)

// How much of a picture Inspect needs to see.
const (
	HeadBytes = 256 << 10 // profiles and thumbnails come before a JPEG's size
	TailBytes = 12        // a PNG's last chunk
)

// Inspect reads what a file is from its first HeadBytes, or all of it, and its
// last TailBytes. It returns the type, where it is one of listing.Types, and the
// first fault. It decodes no pixels: what it costs does not depend on what a
// picture claims to be.
func Inspect(head, tail []byte, size int64) (string, listing.Fault) {
	kind := Sniff(head)
	if kind == "" {
		return "", listing.NoPicture
	}
	if hasMarkup(head) {
		return kind, listing.HasMarkup
	}
	width, height, ok := dimensions(kind, head)
	switch {
	case !ok:
		return kind, listing.NoPicture
	case width < 1 || height < 1 || width > listing.MaxPictureSide || height > listing.MaxPictureSide,
		int64(width)*int64(height) > listing.MaxPicturePixels:
		return kind, listing.TooManyPixels
	}
	return kind, end(kind, head, tail, size)
}

// Sniff returns the type of a file by its first bytes, or "" where it is none
// of listing.Types.
func Sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return listing.JPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return listing.PNG
	case len(head) >= 12 && bytes.HasPrefix(head, []byte("RIFF")) && bytes.Equal(head[8:12], []byte("WEBP")):
		return listing.WebP
	}
	return ""
}

// markup begins what is run where a file is taken for a page or a script: by a
// browser that guesses, or by a shop that keeps pictures where it keeps PHP. Each
// follows a < and is long enough not to come about by chance.
var markup = []string{"script", "?php", "html", "!doctype", "iframe", "svg "}

func hasMarkup(head []byte) bool {
	for {
		at := bytes.IndexByte(head, '<')
		if at < 0 {
			return false
		}
		head = head[at+1:]
		if slices.ContainsFunc(markup, func(m string) bool { return startsWith(head, m) }) {
			return true
		}
	}
}

// startsWith compares without regard to the case of ASCII letters.
func startsWith(text []byte, lower string) bool {
	if len(text) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// dimensions reads the size in pixels from a picture's header.
func dimensions(kind string, head []byte) (width, height int, ok bool) {
	var c image.Config
	var err error
	switch kind {
	case listing.JPEG:
		c, err = jpeg.DecodeConfig(bytes.NewReader(head))
	case listing.PNG:
		c, err = png.DecodeConfig(bytes.NewReader(head))
	default:
		return webpDimensions(head)
	}
	return c.Width, c.Height, err == nil
}

// webpDimensions reads the first chunk of a WebP file, of which there are three
// kinds: extended, lossless, lossy (RFC 9649, §2.5 to §2.7).
func webpDimensions(head []byte) (width, height int, ok bool) {
	if len(head) < 30 {
		return 0, 0, false
	}
	chunk := head[20:]
	switch string(head[12:16]) {
	case "VP8X":
		return 1 + uint24(chunk[4:]), 1 + uint24(chunk[7:]), true
	case "VP8L":
		bits := binary.LittleEndian.Uint32(chunk[1:])
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff), chunk[0] == 0x2f
	case "VP8 ":
		sides := func(at int) int { return int(binary.LittleEndian.Uint16(chunk[at:]) & 0x3fff) }
		return sides(6), sides(8), bytes.Equal(chunk[3:6], []byte{0x9d, 0x01, 0x2a})
	}
	return 0, 0, false
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// end checks that the file ends where the picture does: what was put behind a
// picture may be an archive, which is read from its end.
func end(kind string, head, tail []byte, size int64) listing.Fault {
	whole := false
	switch kind {
	case listing.JPEG:
		whole = bytes.HasSuffix(tail, []byte("\xff\xd9"))
	case listing.PNG:
		whole = bytes.HasSuffix(tail, []byte("\x00\x00\x00\x00IEND\xaeB\x60\x82"))
	default:
		whole = 8+int64(binary.LittleEndian.Uint32(head[4:])) == size
	}
	if !whole {
		return listing.BadEnd
	}
	return ""
}
