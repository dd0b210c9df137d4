package plainjson

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// thing has a member of each kind.
type thing struct {
	Name  string    `json:"name"`
	Also  string    `json:"also,omitempty"`
	Size  int64     `json:"size"`
	Count int       `json:"count,omitempty"`
	Hash  uint64    `json:"hash,omitempty"`
	Sum   uint32    `json:"sum,omitempty"`
	Of    [2]uint64 `json:"of,omitzero"`
	Done  bool      `json:"done,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Data  []byte    `json:"data,omitempty"`
	Own   own       `json:"own,omitzero"`
	Parts []thing   `json:"parts,omitempty"`
	Names []string  `json:"names,omitempty"`
}

type own struct{ json.RawMessage }

func (o own) IsZero() bool                  { return len(o.RawMessage) == 0 }
func (o *own) KeepJSON(text []byte)         { o.RawMessage = text }
func (o *own) UnmarshalJSON(t []byte) error { o.RawMessage = append([]byte(nil), t...); return nil }

func (s *thing) spell(t *Text) {
	t.Object(func() {
		t.String("name", &s.Name, Always)
		t.String("also", &s.Also, Set)
		Number(t, "size", &s.Size, Always)
		Number(t, "count", &s.Count, Set)
		Number(t, "hash", &s.Hash, Set)
		Number(t, "sum", &s.Sum, Set)
		t.Pair("of", &s.Of, Set)
		t.Flag("done", &s.Done)
		t.Time("at", &s.At, Set)
		t.Data("data", &s.Data, Set)
		t.Value("own", &s.Own, Set)
		List(t, "parts", &s.Parts, (*thing).spell)
		t.Strings("names", &s.Names)
	})
}

// read tells whether all of a text is a thing as it is spelled here.
func read(text []byte) (s thing, ok bool) {
	r := Reader(text)
	s.spell(r)
	return s, r.All()
}

// TestSpelledAsEncodingJSONDoes: byte by byte, and what was written is read as encoding/json reads it.
func TestSpelledAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := thing{
			Name:  rapid.OneOf(rapid.String(), rapid.Just("/var/log/a.log")).Draw(t, "name"),
			Also:  rapid.SampledFrom([]string{"", "/var/log/a.log", "<&>", "\u2028", "日本語", `"\`, "\xff", "\x00"}).Draw(t, "also"),
			Size:  rapid.Int64().Draw(t, "size"),
			Count: rapid.IntRange(-3, 3).Draw(t, "count"),
			Hash:  rapid.Uint64().Draw(t, "hash"),
			Sum:   rapid.Uint32().Draw(t, "sum"),
			Of:    [2]uint64{rapid.Uint64().Draw(t, "of"), rapid.Uint64Range(0, 1).Draw(t, "and")},
			Done:  rapid.Bool().Draw(t, "done"),
			Data:  rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
		}
		if rapid.Bool().Draw(t, "at") {
			s.At = time.Unix(rapid.Int64Range(-1e9, 1e10).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).In(rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 9*3600)}).Draw(t, "zone"))
		}
		if rapid.Bool().Draw(t, "own") {
			s.Own = own{json.RawMessage(rapid.SampledFrom([]string{`{}`, `{"a":{"b":"}\"{"},"c":[{}]}`}).Draw(t, "text"))}
		}
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			part := s
			part.Parts = nil
			s.Parts = append(s.Parts, part)
		}
		s.Names = rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "日本", "<"}), 0, 3).Draw(t, "names")
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		w := Writer(&got)
		s.spell(w)
		if err := w.End(); got.String() != string(want) || err != nil {
			t.Fatalf("written: %s, %v, want %s", &got, err, want)
		}
		sameAsEncodingJSON(t, want)
		if _, ok := read(want); !ok && s.Count >= 0 && s.Size >= 0 && !strings.ContainsAny(string(want), `\`) {
			t.Fatalf("%s: not read", want)
		}
	})
}

// sameAsEncodingJSON fails where a text that counts as spelled as here is read in another way than by encoding/json.
func sameAsEncodingJSON(t interface{ Fatalf(string, ...any) }, text []byte) {
	got, ok := read(text)
	var want thing
	if err := json.Unmarshal(text, &want); ok && (err != nil && json.Valid(text) || err == nil && !reflect.DeepEqual(got, want)) {
		t.Fatalf("%s: read as %+v, want %+v, %v", text, got, want, err)
	}
}

// TestAllElseIsLeftToEncodingJSON: what is spelled otherwise, complete or not, isn't taken for it.
func TestAllElseIsLeftToEncodingJSON(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `{"size":1}`, `{"name":"a"}`, `{"name":"a","size":1`, `{"name":"a","size":1}}`, ` {"name":"a","size":1}`, `{"name":"a", "size":1}`, `{"size":1,"name":"a"}`,
		`{"name":"a","size":1,}`, `{"name":"a","size":1,"new":2}`, `{"name":"a","size":01}`, `{"name":"a","size":-1}`, `{"name":"a","size":1e3}`, `{"name":"a","size":}`,
		`{"name":"a","size":9223372036854775808}`, `{"name":"a","size":1,"hash":18446744073709551616}`, `{"name":"a","size":1,"sum":4294967296}`, `{"name":null,"size":1}`,
		`{"name":"\u0061","size":1}`, "{\"name\":\"\xff\",\"size\":1}", "{\"name\":\"a\n\",\"size\":1}", `{"name":"日\"","size":1}`, `{"name":"a","size":1,"of":[1]}`, `{"name":"a","size":1,"of":[1,2,3]}`,
		`{"name":"a","size":1,"done":false}`, `{"name":"a","size":1,"at":"yesterday"}`, `{"name":"a","size":1,"data":"!"}`, `{"name":"a","size":1,"own":[]}`, `{"name":"a","size":1,"own":{"a":"}`,
		`{"name":"a","size":1,"own":{"a":"\`, `{"name":"a`, `null`, `{"name":"a","size":1,"parts":[]}`, `{"name":"a","size":1,"parts":[{"name":"a","size":1},]}`, `{"name":"a","size":1,"parts":[{"name":"a","size":1}`, `{"name":"a","size":1,"parts":[1]}`,
		`{"name":"a","size":1,"names":[]}`, `{"name":"a","size":1,"names":["a"`, `{"name":"a","size":1,"names":["a",]}`, `{"name":"a","size":1,"names":[1]}`,
	} {
		if s, ok := read([]byte(text)); ok {
			t.Errorf("%s: read as %+v", text, s)
		}
	}
}

// FuzzRead: whatever is read is what encoding/json reads.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"name":"/a","also":"/a","size":1,"count":2,"hash":18446744073709551615,"sum":4294967295,"of":[1,2],"done":true,"at":"2026-11-30T14:19:42.4Z","data":"KcM=","own":{"a":"}"}}`))
	f.Add([]byte(`{"name":"\u0061","size":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) { sameAsEncodingJSON(t, text) })
}

// TestATimeThatJSONLacksIsAnError, as it is to encoding/json.
func TestATimeThatJSONLacksIsAnError(t *testing.T) {
	s := thing{At: time.Unix(math.MaxInt32*1000, 0)}
	w := Writer(io.Discard)
	s.spell(w)
	if w.End() == nil {
		t.Error("a year of five digits was written")
	}
}
