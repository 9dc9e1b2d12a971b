package listing

// The limits of a listing. A field over its limit is refused with its name; the
// README lists them.
const (
	MaxBodyBytes        = 64 << 10 // of the request that offers one; pictures are not in it
	MaxEmailBytes       = 254      // RFC 5321 §4.5.3.1
	MaxNameBytes        = 200      // of the seller
	MaxTitleBytes       = 120
	MaxDescriptionBytes = 5000
	MaxCategoryBytes    = 60
	MaxConditionBytes   = 40
	MaxPrice            = 100_000_000 // in the currency's smallest unit

	MaxPictures         = 12
	MaxPictureBytes     = 5 << 20
	MaxPictureNameBytes = 200
	MaxPictureSide      = 16_384     // pixels; JPEG's own limit is four times that
	MaxPicturePixels    = 64_000_000 // a phone's best; more is a bomb for whoever decodes it
)

// The types that a picture may have. What it has is read from its bytes. There
// is none among them that a browser would run: an SVG may hold scripts.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	WebP = "image/webp"
)

// Types lists the types that a picture may have.
func Types() []string { return []string{JPEG, PNG, WebP} }
