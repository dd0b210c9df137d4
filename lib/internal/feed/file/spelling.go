package file

import (
	"bytes"
	"encoding/json"
	"io"

	"mackerel-plugin-pipeline-sli/lib/internal/plainjson"
)

// A cursor of thousands of files is megabytes of JSON, which each run reads and writes: all but its files encoding/json does, and files that are spelled in
// another way than here.

// WriteJSON spells the cursor as encoding/json does, a file at a time.
func (c Cursor) WriteJSON(w io.Writer) error {
	files := c.Files
	c.Files = nil
	rest, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		if rest = rest[1:]; len(rest) > 1 {
			rest = append([]byte(","), rest...)
		}
		rest = append([]byte("]"), rest...)
	}
	var text plainjson.Text
	before := filesBegin
	for i := range files {
		text.Needs(before)
		files[i].spell(&text)
		row, err := text.Bytes()
		if err != nil {
			return err
		}
		if _, err := w.Write(row); err != nil {
			return err
		}
		before = ","
	}
	_, err = w.Write(rest)
	return err
}

const filesBegin = `{"files":[`

// ReadJSON reads what WriteJSON or encoding/json has written. The cursor holds on to the text.
func (c *Cursor) ReadJSON(text []byte) error {
	if c.read(text) {
		return nil
	}
	*c = Cursor{}
	return json.Unmarshal(text, c)
}

// read tells whether the text is as WriteJSON spells it.
func (c *Cursor) read(text []byte) bool {
	r := plainjson.Reader(text)
	r.Needs(filesBegin)
	files := make([]Tracked, 0, bytes.Count(text, []byte(`{"path":`)))
	for more := true; more; more = r.Takes(",") {
		files = append(files, Tracked{})
		files[len(files)-1].spell(r)
	}
	r.Needs("]")
	rest, ok := r.Rest()
	if !ok || len(rest) == 0 {
		return false
	}
	rest = bytes.Clone(rest)
	if rest[0] == ',' {
		rest[0] = '{'
	} else {
		rest = append([]byte("{"), rest...)
	}
	*c = Cursor{}
	if json.Unmarshal(rest, c) != nil || c.Files != nil {
		return false
	}
	c.Files = files
	return true
}

// spell is how a file is written and read.
func (t *Tracked) spell(text *plainjson.Text) {
	text.Object(func() {
		text.String("path", &t.Path, plainjson.Always)
		text.String("real", &t.Real, plainjson.Set)
		text.String("name", &t.Name, plainjson.Always)
		plainjson.Number(text, "dev", &t.Dev, plainjson.Always)
		plainjson.Number(text, "inode", &t.Inode, plainjson.Always)
		plainjson.Number(text, "head_len", &t.HeadLen, plainjson.Set)
		plainjson.Number(text, "head_hash", &t.HeadHash, plainjson.Set)
		text.Data("marks", &t.Marks, plainjson.Set)
		plainjson.Number(text, "offset", &t.Offset, plainjson.Always)
		text.Flag("skip", &t.Skip)
		plainjson.Number(text, "tail", &t.Tail, plainjson.Set)
		plainjson.Number(text, "size", &t.Size, plainjson.Always)
		text.Time("mtime", &t.Mtime, plainjson.Set)
		text.Flag("gzip", &t.Gzip)
		text.Time("grown", &t.Grown, plainjson.Set)
		text.Flag("created", &t.Created)
		text.Flag("partial", &t.Partial)
		text.Flag("done", &t.Done)
		text.Flag("waiting", &t.Waiting)
		text.Flag("ignored", &t.Ignored)
		text.Pair("copy_of", &t.CopyOf, plainjson.Set)
		plainjson.Number(text, "own", &t.Own, plainjson.Set)
		text.Time("gone", &t.Gone, plainjson.Set)
		text.Value("note", &t.Note, plainjson.Set)
	})
}
