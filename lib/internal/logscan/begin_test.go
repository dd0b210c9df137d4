package logscan

import (
	"reflect"
	"testing"
	"time"
)

// TestNothingOfALineIsLeftInTheNext guards Record.begin, which says field by field what
// an empty record is.
func TestNothingOfALineIsLeftInTheNext(t *testing.T) {
	full := Record{
		Time: 1, Status: 2, Latency: time.Second, HasLatency: true, IntegerLatency: true, Elapsed: time.Second, HasElapsed: true, Connection: true,
		Line: LineText, Invocation: new(Invocation), Text: []byte("old"),
		Method: []byte("m"), URI: []byte("u"), Path: []byte("p"), Host: []byte("h"), ID: []byte("i"), UserAgent: []byte("ua"),
		of: new(interpreter), template: new(template),
	}
	for i, v := 0, reflect.ValueOf(full); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tried", v.Type().Field(i).Name)
		}
	}
	full.begin(nil, nil)
	if v := reflect.ValueOf(full); !v.IsZero() {
		t.Errorf("left over: %+v", full)
	}
}
