// Package sli holds the words of the suite and its arithmetic.
//
// A source turns the world into weighted events and levels; an SLI says of each
// event: not valid, good, bad or uncertain; counting per minute is all the
// arithmetic there is; an output prints counts.
//
//	world ─► source ─► Event, Level ─► Classify ─► minute cells ─► Window ─► Report ─► output
//
// The package is pure: no I/O, no clock, no log, nothing but the standard library and the
// arithmetic of estimate.
// Three outcomes are never merged: a value, no traffic, not measured.
package sli
