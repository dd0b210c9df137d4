package sli

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
)

// HashID is a record's id as events carry it: a 64-bit hash of the values that make
// up the id, the same at every stage, never 0.
func HashID(values ...[]byte) uint64 {
	h := fnv.New64a()
	for _, v := range values {
		var length [4]byte // so that ab, c isn't a, bc
		binary.LittleEndian.PutUint32(length[:], uint32(len(v)))
		h.Write(length[:])
		h.Write(v)
	}
	return max(1, mix(h.Sum64()))
}

// RecordID is the HashID of a record's id as a log has it, blanks around its values left
// out; false where a value of it is
// none: empty, or the dash that logs have for nothing.
func RecordID(values ...[]byte) (id uint64, ok bool) {
	for i, v := range values {
		if v = bytes.TrimSpace(v); len(v) == 0 || len(v) == 1 && v[0] == '-' {
			return 0, false
		}
		values[i] = v
	}
	if len(values) == 0 {
		return 0, false
	}
	return HashID(values...), true
}

// mix spreads a hash over all its bits: samples are taken by the lowest. It is the
// finaliser of MurmurHash3 by Austin Appleby.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
