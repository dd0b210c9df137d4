package file

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// TestCursorsAreSpelledAsEncodingJSONDoes: with each member of a file alone, with all of them, of no file and of several; and they come back the same.
func TestCursorsAreSpelledAsEncodingJSONDoes(t *testing.T) {
	set := func(v reflect.Value) {
		switch into := v.Addr().Interface().(type) {
		case *time.Time:
			*into = time.Date(2026, 11, 22, 12, 0, 0, 123456, time.UTC)
		case *[]byte:
			*into = []byte("12345")
		case *[2]uint64:
			*into = [2]uint64{7, 1 << 63}
		case *feed.Note:
			*into = feed.Note{Text: json.RawMessage(`{"scan":{"format":"ltsv"},"a":"}"}`)}
		case *string:
			*into = "/var/log/ログ & \"more\".log"
		case *bool:
			*into = true
		case *int:
			*into = 1024
		case *int64:
			*into = 1 << 62
		case *uint64:
			*into = 1 << 63
		case *uint32:
			*into = 1 << 31
		default:
			t.Fatalf("%T: no value to try", into)
		}
	}
	var all Tracked
	files := []Tracked{{}, {Path: "/var/log/a.log", Name: "/var/log/a.log"}}
	for i := range reflect.TypeFor[Tracked]().NumField() {
		var one Tracked
		set(reflect.ValueOf(&one).Elem().Field(i))
		set(reflect.ValueOf(&all).Elem().Field(i))
		files = append(files, one)
	}
	plain := all
	plain.Path, plain.Real, plain.Name = "/var/log/ログ.log", "/var/log/1.log", "/var/log/ログ.log"
	files = append(files, all, plain)
	cursors := []Cursor{{}, {Seen: true}, {Files: files}, {Files: []Tracked{plain, plain}, Seen: true, LastRun: time.Date(2026, 11, 22, 12, 1, 0, 0, time.UTC), Broken: []string{"/var/log/b.log"}}}
	for _, f := range files {
		cursors = append(cursors, Cursor{Files: []Tracked{f}, Seen: true})
	}
	for _, c := range cursors {
		want, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := c.WriteJSON(&got); err != nil || got.String() != string(want) {
			t.Errorf("written:\n%s, %v, want\n%s", &got, err, want)
		}
		var back, same Cursor
		if err := json.Unmarshal(want, &same); err != nil {
			t.Fatal(err)
		}
		if err := back.ReadJSON(want); err != nil || !reflect.DeepEqual(back, same) {
			t.Errorf("%s\ncame back as %+v, %v", want, back, err)
		}
	}
	if text, _ := json.Marshal(cursors[3]); !new(Cursor).read(text) {
		t.Errorf("%s: left to encoding/json", text)
	}
}

// TestCursorsOfAnotherSpellingAreRead: what an earlier release, or a later one, spells otherwise; what is no cursor is an error.
func TestCursorsOfAnotherSpellingAreRead(t *testing.T) {
	for _, text := range []string{
		`{"seen":true,"files":[{"path":"/a","name":"/a","dev":1,"inode":2,"offset":3,"size":4}]}`, `{"files":[{"name":"/a","path":"/a"}]}`, `{"files":[],"seen":true}`,
		`{"files":[{"path":"/a","name":"/a","dev":1,"inode":2,"offset":3,"size":4,"later":5}],"later":6}`, `{"files":[{"path":"/a","name":"/a","dev":1,"inode":2,"offset":3,"size":4}],"files":[]}`, `{}`, ` {"seen":true}`,
	} {
		var got, want Cursor
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if err := got.ReadJSON([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{``, `[`, `{"files":[{"path":"/a","name":"/a","dev":1,"inode":2,"offset":3,"size":4}`, `{"files":[{"path":"/a"`, `{"files":7}`} {
		if err := new(Cursor).ReadJSON([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
