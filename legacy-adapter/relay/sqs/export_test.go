package sqs

// HiddenFor is exported to the test of its arithmetic.
var HiddenFor = hiddenFor

// StopHeart makes a source one whose process has died.
func (s *Source) StopHeart() { s.heart.stop() }
