// Package slo judges what was measured by the objective: how fast the error budget burns
// and what of it is left, what so many events prove, which limits follow from a
// configuration and which can't do what they seem to, and what a check says of a
// pipeline.
package slo
