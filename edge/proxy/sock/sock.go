package sock

import "errors"

// ErrAgain says that the call is to be made again when the connection is ready.
var ErrAgain = errors.New("sock: not ready")
