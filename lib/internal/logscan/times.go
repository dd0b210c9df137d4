package logscan

import "time"

// Times reads stamps that stand by themselves, as time_format describes those of logs.
type Times struct{ clock clock }

// NewTimes makes a reader; format is auto (or empty), rfc3339, clf, epoch or a strftime
// string, zone is that of stamps without one.
func NewTimes(format string, zone *time.Location) (*Times, error) {
	c, err := newClock(format, zone)
	return &Times{c}, err
}

// Read reads one stamp, in microseconds since the epoch; false if it is none.
func (t *Times) Read(stamp string) (int64, bool) { return t.clock.parse([]byte(stamp)) }
