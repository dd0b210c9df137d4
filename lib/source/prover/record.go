package prover

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// rotationBits is how finely partition keys rotate: after 2^rotationBits records every
// one of as many equal ranges of hash keys has had exactly one.
const rotationBits = 10

// Numbers of records: 1 to largestN.
const largestN = 9999

// newRecord names the record of a slot. Kinesis gives a record to the shard whose range
// holds the MD5 of its partition key; the id is chosen so that its own MD5 goes through
// all ranges evenly (van der Corput's sequence, by the count of records), so that where
// the id is the partition key, every shard is proven: a stream of S even shards within
// 4·S records.
func newRecord(random string, slot, count int64) (id string, n int64) {
	prefix := fmt.Sprintf("%s-%s-%d-", sli.ProverMarker, random, slot)
	wanted := bits.Reverse16(uint16(count)) >> (16 - rotationBits)
	for i := int64(0); ; i++ {
		id = prefix + strconv.FormatInt(i, 36)
		sum := md5.Sum([]byte(id))
		// The second limit can't be reached in practice: 1 in 2^rotationBits fits.
		if binary.BigEndian.Uint16(sum[:])>>(16-rotationBits) == wanted || i >= 1<<(rotationBits+6) {
			return id, 1 + int64(binary.BigEndian.Uint32(sum[8:])%largestN)
		}
	}
}
