package file

import (
	"encoding/json"
	"io"

	"mackerel-plugin-pipeline-sli/lib/internal/plainjson"
)

// A cursor of thousands of files is megabytes of JSON, which each run reads and writes; and of few files, what encoding/json prepares for the first one of a
// type is a tenth of a run. So a cursor is spelled by hand, as encoding/json does it, and what is spelled otherwise encoding/json reads.

// WriteJSON spells the cursor.
func (c Cursor) WriteJSON(w io.Writer) error {
	text := plainjson.Writer(w)
	c.spell(text)
	return text.End()
}

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
	*c = Cursor{}
	c.spell(r)
	return r.All()
}

// spell is how a cursor is written and read.
func (c *Cursor) spell(text *plainjson.Text) {
	text.Object(func() {
		plainjson.List(text, "files", &c.Files, (*Tracked).spell)
		text.Flag("seen", &c.Seen)
		text.Time("last_run", &c.LastRun, plainjson.Set)
		text.Strings("broken", &c.Broken)
	})
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
