package prover

import (
	"crypto/md5"
	"encoding/binary"
	"math"
)

// hashKey is where Kinesis puts a partition key: its MD5, as a share of the range.
func hashKey(key string) float64 {
	sum := md5.Sum([]byte(key))
	return float64(binary.BigEndian.Uint64(sum[:])) / math.Pow(2, 64)
}
