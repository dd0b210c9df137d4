package loglines

import "testing"

// FuzzPosition: a cursor that was damaged is refused, or read as no more than a cursor may hold.
func FuzzPosition(f *testing.F) {
	for _, kept := range []any{map[string]int{"a": 1}, make([]int, packedFrom)} {
		text, err := cursor(kept)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte{packed})
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := unpack(data)
		if err == nil && len(text) > max(maxPosition, len(data)) {
			t.Errorf("%d bytes are read as %d", len(data), len(text))
		}
	})
}

// FuzzDocuments: of CloudWatch Logs' documents, one behind the other or packed in another, the messages come out or an
// error does.
func FuzzDocuments(f *testing.F) {
	for _, text := range []string{
		`{"events":[{"message":"a","timestamp":1}],"searchedLogStreams":[]}`, `{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":1,"message":"x\n"}]}{"messageType":"CONTROL_MESSAGE","logEvents":[]}`,
		`{"awslogs":{"data":"H4sIAAAAAAAA/6uuBQBDv6ajAgAAAA=="}}`, "[", "{}", "{}}", `{"a":"}"}`, "\x1f\x8b",
	} {
		f.Add([]byte(text), 7)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		d := documents{sink: func([]byte, int64) {}}
		if cut = min(max(cut, 0), len(data)); cut > 0 {
			if _, err := d.feed(data[:cut]); err != nil {
				return
			}
		}
		_, _ = d.feed(data[cut:]) // refused or taken
		_, _ = packedEvents(data)
		_ = hasNoEvents(data)
	})
}
