package upload_test

import (
	"archive/zip"
	"bytes"
	"image"
	"image/gif"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/upload"
	"github.com/banyan-edge/banyan/api/upload/uploadtest"
)

// inspect announces a file as what it says it is, and lets it pass in pieces.
func inspect(file []byte, announced listing.Picture) listing.Fault {
	c := upload.NewCheck(announced)
	for piece := range chunks(file, 1000) {
		_, _ = c.Write(piece)
	}
	return c.Fault()
}

func chunks(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(b) > 0; b = b[min(n, len(b)):] {
			if !yield(b[:min(n, len(b))]) {
				return
			}
		}
	}
}

func TestCheck_TakesPicturesOfEverySize(t *testing.T) {
	for _, size := range []int{800, 1024, 70_000, 300_000, 2 << 20, listing.MaxPictureBytes} {
		for kind, picture := range map[string][]byte{
			listing.JPEG: uploadtest.JPEG(size), listing.PNG: uploadtest.PNG(size), listing.WebP: uploadtest.WebP(size),
		} {
			require.Len(t, picture, size, kind)
			require.Empty(t, inspect(picture, listing.Picture{Type: kind, Bytes: int64(size)}), "%s of %d bytes", kind, size)
		}
	}
}

func TestCheck_RefusesWhatIsNoPicture(t *testing.T) {
	jpeg, png, webp := uploadtest.JPEG(5000), uploadtest.PNG(5000), uploadtest.WebP(5000)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		file  []byte
		kind  string
		fault listing.Fault
	}{
		"nothing":                        {nil, listing.JPEG, listing.NoPicture},
		"a page":                         {[]byte("<!doctype html><script>alert(1)</script>"), listing.JPEG, listing.NoPicture},
		"an SVG":                         {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), listing.PNG, listing.NoPicture},
		"a program":                      {[]byte("\x7fELF\x02\x01\x01"), listing.JPEG, listing.NoPicture},
		"another program":                {[]byte("MZ\x90\x00"), listing.JPEG, listing.NoPicture},
		"a shell script":                 {[]byte("#!/bin/sh\nid\n"), listing.JPEG, listing.NoPicture},
		"a GIF, which may be JavaScript": {gifOf(t), listing.PNG, listing.NoPicture},
		"the beginning of a JPEG alone":  {[]byte("\xff\xd8\xff"), listing.JPEG, listing.NoPicture},
		"a PNG announced as a JPEG":      {png, listing.JPEG, listing.WrongType},
		"a JPEG announced as a WebP":     {jpeg, listing.WebP, listing.WrongType},
		"a PNG with an archive behind":   {join(png, zipOf(t)), listing.PNG, listing.BadEnd},
		"a JPEG with an archive behind":  {join(jpeg, zipOf(t)), listing.JPEG, listing.BadEnd},
		"a WebP with an archive behind":  {join(webp, zipOf(t)), listing.WebP, listing.BadEnd},
		"half a JPEG":                    {uploadtest.JPEG(300_000)[:200_000], listing.JPEG, listing.BadEnd},
		"half a PNG":                     {png[:4000], listing.PNG, listing.BadEnd},
		"half a WebP":                    {webp[:4000], listing.WebP, listing.BadEnd},
		"a JPEG with a page in it":       {join(jpeg[:2], []byte("\xff\xfe\x00\x1b<ScRiPt>alert(1)</script>"), jpeg[2:]), listing.JPEG, listing.HasMarkup},
		"a JPEG with PHP in it":          {join(jpeg[:2], []byte("\xff\xfe\x00\x14<?php phpinfo();  "), jpeg[2:]), listing.JPEG, listing.HasMarkup},
		"a PNG that would fill memory":   {uploadtest.HugePNG(60_000), listing.PNG, listing.TooManyPixels},
		"a PNG within each side's limit": {uploadtest.HugePNG(16_000), listing.PNG, listing.TooManyPixels},
		"a PNG of no size":               {uploadtest.HugePNG(0), listing.PNG, listing.NoPicture},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.fault, inspect(c.file, listing.Picture{Type: c.kind, Bytes: int64(len(c.file))}))
			require.NotEmpty(t, c.fault.Text())
		})
	}
}

func TestCheck_HoldsAFileAgainstWhatWasAnnounced(t *testing.T) {
	jpeg := uploadtest.JPEG(5000)
	announced := listing.Picture{Type: listing.JPEG, Bytes: 5000}
	require.Equal(t, listing.WrongSize, inspect(jpeg[:4999], announced))
	require.Equal(t, listing.WrongSize, inspect(append(jpeg, 0), announced))
	announced.SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	require.Equal(t, listing.WrongChecksum, inspect(jpeg, announced))
}

func FuzzInspect_NeverPanicsAndShowsNothingButPictures(f *testing.F) {
	for _, seed := range [][]byte{uploadtest.JPEG(800), uploadtest.PNG(800), uploadtest.WebP(800), uploadtest.HugePNG(9), []byte("RIFF....WEBPVP8X")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		kind, fault := upload.Inspect(file, file[max(0, len(file)-upload.TailBytes):], int64(len(file)))
		if fault == "" {
			require.Equal(t, upload.Sniff(file), kind)
			require.Contains(t, listing.Types(), kind)
		}
	})
}

func TestWindow_TwoAnswersInOneStepAreTheSameAndEachHoldsForHalfAnHour(t *testing.T) {
	accepted := time.Date(2026, 11, 27, 8, 0, 0, 123456000, time.UTC)
	from, until := upload.Window(accepted, accepted)
	again, stillUntil := upload.Window(accepted, accepted.Add(29*time.Minute))
	require.Equal(t, from, again)
	require.Equal(t, until, stillUntil)
	for minutes := range 240 {
		now := accepted.Add(time.Duration(minutes) * time.Minute)
		from, until := upload.Window(accepted, now)
		require.False(t, from.After(now), "an address is not signed in the future")
		require.Greater(t, until.Sub(now), upload.AddressLife-upload.AddressStep-time.Second)
	}
	from, _ = upload.Window(accepted, accepted.Add(-time.Hour))
	require.Equal(t, accepted.Truncate(time.Second), from, "a clock that went back")
}

func gifOf(t *testing.T) []byte {
	var b bytes.Buffer
	require.NoError(t, gif.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2)), nil))
	return b.Bytes()
}

func zipOf(t *testing.T) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, err := w.Create("payload")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}
