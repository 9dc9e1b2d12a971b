// Package eventjson reads and writes the JSON of Lambda events in one pass.
//
// The events are small, their shape is known, and they are on the path of every
// request, so this package does three things that encoding/json does not:
//
//   - it keeps the order of an object's fields, which is the only trace that is
//     left of the order of a shopper's query parameters;
//   - it gives back parts of the text itself where nothing is escaped, so that a
//     whole event costs one copy;
//   - it hands a sub-object back as text, to be decoded only if someone asks.
//
// It accepts exactly the texts that encoding/json accepts, and reads strings as
// encoding/json does: a lone surrogate and a byte that is not UTF-8 become
// U+FFFD. The tests hold it to that.
package eventjson
