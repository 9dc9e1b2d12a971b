package listing

import (
	"fmt"
	"time"
)

// PictureState is where a picture stands:
//
//	waiting → complete
//	waiting → refused → complete, when it is uploaded once more
type PictureState uint8

// The states of a picture.
const (
	Waiting  PictureState = iota // for its upload, or for the check after it
	Complete                     // checked, and to be seen
	Refused                      // what was uploaded is not what was announced, or no picture
)

var pictureStates = [...]string{"waiting", "complete", "refused"}

// String returns the state's word, as used in JSON, logs and pages.
func (s PictureState) String() string {
	if int(s) < len(pictureStates) {
		return pictureStates[s]
	}
	return fmt.Sprintf("PictureState(%d)", uint8(s))
}

// MarshalText writes the state's word.
func (s PictureState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word.
func (s *PictureState) UnmarshalText(text []byte) error {
	for i, name := range pictureStates {
		if name == string(text) {
			*s = PictureState(i)
			return nil
		}
	}
	return fmt.Errorf("unknown picture state %q (one of %v)", text, pictureStates)
}

// Standing is what became of one picture.
type Standing struct {
	State PictureState
	Fault Fault // of a refused one
}

// Upload is where and how a picture is to be sent. Headers have to be sent as
// they are; a browser sets Content-Length by itself.
type Upload struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Expires time.Time         `json:"expires"`
}

// Fault is why an upload was refused, in a word that is part of names and
// answers. The empty Fault is none.
type Fault string

// The faults of an upload.
const (
	WrongSize     Fault = "wrong_size"     // not the number of bytes that were announced
	WrongChecksum Fault = "wrong_checksum" // not the SHA-256 that was announced
	WrongType     Fault = "wrong_type"     // a picture, of another type than announced
	NoPicture     Fault = "no_picture"     // not a JPEG, PNG or WebP at all
	TooManyPixels Fault = "too_many_pixels"
	HasMarkup     Fault = "has_markup" // a script or a page inside a picture
	BadEnd        Fault = "bad_end"    // the file does not end where the picture does
)

var faultTexts = map[Fault]string{
	WrongSize:     "What was uploaded is not as many bytes as announced.",
	WrongChecksum: "What was uploaded does not have the announced SHA-256.",
	WrongType:     "What was uploaded is of another type than announced.",
	NoPicture:     "What was uploaded is not a JPEG, PNG or WebP picture.",
	TooManyPixels: fmt.Sprintf("The picture has no size, a side over %d, or more than %d pixels.", MaxPictureSide, MaxPicturePixels),
	HasMarkup:     "The picture holds a script or a page. Save it without comments and upload it again.",
	BadEnd:        "The file does not end where the picture does: it was cut short, or something was put behind it. Save it anew and upload it again.",
}

// ParseFault returns the fault of this word, and false where there is none.
func ParseFault(word string) (Fault, bool) {
	_, ok := faultTexts[Fault(word)]
	return Fault(word), ok
}

// Text says the fault in a sentence for its seller.
func (f Fault) Text() string { return faultTexts[f] }
