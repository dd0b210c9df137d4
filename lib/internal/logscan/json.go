package logscan

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// jsonFormat is a JSON object a line.
var jsonFormat = format{name: "json", access: 2, application: 1, turn: 3, reader: newJSON, pairs: jsonPairs}

// The reasons for a line that is no JSON.
const (
	ErrJSON      Malformed = "not one valid JSON object"
	ErrHexEscape Malformed = "not valid JSON, which has no \\xHH; write escape=json behind the name in nginx's log_format"
)

// maxDepth bounds the nesting of a JSON line.
const maxDepth = 256

func newNode() *node { return &node{children: map[string]*node{}} }

// insert adds a path. A key may itself hold dots, so every way of joining
// neighbouring parts is a path too, up to six parts; beyond, only none and all.
func (n *node) insert(parts []string, b *binding) {
	if len(parts) == 0 {
		n.binding = b
		return
	}
	for take := 1; take <= len(parts); take++ {
		if len(parts) > 6 && take != 1 && take != len(parts) {
			continue
		}
		key := strings.Join(parts[:take], ".")
		child := n.children[key]
		if child == nil {
			child = newNode()
			n.children[key] = child
		}
		child.insert(parts[take:], b)
	}
}

// jsonReader reads a line that is one valid JSON object (RFC 8259; invalid UTF-8 is let
// through).
type jsonReader struct {
	*plan
	root *node
}

func newJSON(p *plan, _ *Config) reader {
	r := &jsonReader{p, newNode()}
	for path, b := range p.byName {
		r.root.insert(strings.Split(path, "."), b)
	}
	return r
}

func (r *jsonReader) read(in *interpreter, line []byte, at int64, rec *Record) error {
	if !in.set.object(r.root, line) {
		if hasHexEscape(line) {
			return ErrHexEscape
		}
		return ErrJSON
	}
	if in.cfg.Application {
		if err := in.lambdaJSON(r.plan, rec); err != nil {
			return err
		}
	}
	return in.finish(at, rec)
}

// hasHexEscape tells whether there is an escape that nginx writes unless it is told to write
// JSON: \x22.
func hasHexEscape(line []byte) bool {
	for {
		i := bytes.Index(line, []byte(`\x`))
		if i < 0 {
			return false
		}
		line = line[i+2:]
		if len(line) >= 2 && isHex(line[0]) && isHex(line[1]) {
			return true
		}
	}
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// object reads the wanted values of a whole line; false when it isn't one object.
func (f *fieldset) object(root *node, b []byte) bool {
	f.json = jsonPass{}
	i := space(b, 0)
	if i == len(b) || b[i] != '{' {
		return false
	}
	end := f.members(b, i+1, root, 1)
	if end < 0 || space(b, end) != len(b) {
		return false
	}
	if f.json.repeated {
		f.json.again = true
		f.line++ // forgets what was stored
		f.members(b, i+1, root, 1)
	}
	return true
}

// members reads an object from behind its brace and gives the place behind its
// end, -1 when it isn't valid. n is nil where nothing is wanted.
func (f *fieldset) members(b []byte, i int, n *node, depth int) int {
	if depth > maxDepth {
		return -1
	}
	if i = space(b, i); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for k := 0; ; k++ {
		if i >= len(b) || b[i] != '"' {
			return -1
		}
		var child *node
		if n != nil {
			child, i = f.key(b, i+1, n, k)
		} else {
			i, _ = stringEnd(b, i+1)
			i++
		}
		if i = space(b, i); i <= 0 || i >= len(b) || b[i] != ':' {
			return -1
		}
		if i = f.value(b, space(b, i+1), child, depth); i < 0 {
			return -1
		}
		if i = space(b, i); i >= len(b) {
			return -1
		}
		switch b[i] {
		case ',':
			i = space(b, i+1)
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}

// key reads the k-th key of an object; the place behind its quote, 0 when it isn't valid.
func (f *fieldset) key(b []byte, i int, n *node, k int) (*node, int) {
	if k < len(n.order) {
		if l := &n.order[k]; len(b)-i >= len(l.text) && string(b[i:i+len(l.text)]) == string(l.text) {
			return l.node, i + len(l.text)
		}
	}
	end, escaped := stringEnd(b, i)
	if end < 0 {
		return nil, 0
	}
	if escaped {
		start := len(f.scratch)
		f.scratch = appendUnescaped(f.scratch, b[i:end])
		return n.children[string(f.scratch[start:])], end + 1
	}
	child := n.children[string(b[i:end])]
	n.order = learn(n.order, k, b[i:end+1], nil, child)
	return child, end + 1
}

// value reads any value and gives the place behind it, -1 when it isn't valid.
func (f *fieldset) value(b []byte, i int, n *node, depth int) int {
	if i >= len(b) {
		return -1
	}
	if n != nil {
		n = f.visit(n, i)
	}
	end := -1
	switch c := b[i]; {
	case c == '"':
		end, escaped := stringEnd(b, i+1)
		if end < 0 {
			return -1
		}
		if n != nil && n.binding != nil {
			f.store(n.binding, b[i+1:end], escaped)
		}
		return end + 1
	case c == '{':
		end = f.members(b, i+1, n, depth+1)
	case c == '[':
		end = f.elements(b, i+1, n, depth+1)
	case c == '-' || isDigit(c):
		end = numberEnd(b, i)
	case c == 't':
		end = literalEnd(b, i, "true")
	case c == 'f':
		end = literalEnd(b, i, "false")
	case c == 'n':
		return literalEnd(b, i, "null") // a null is no value
	}
	switch {
	case end <= 0 || n == nil || n.binding == nil:
	case b[i] == '{' || b[i] == '[':
		f.storeNested(n.binding, b[i:end])
	default:
		f.store(n.binding, b[i:end], false)
	}
	return end
}

// visit notes that a wanted key's value begins at i; nil when, on the second
// reading, this is not the one that counts.
func (f *fieldset) visit(n *node, i int) *node {
	if f.json.again {
		if n.at != i {
			return nil
		}
		return n
	}
	f.json.repeated = f.json.repeated || n.line == f.line
	n.line, n.at = f.line, i
	return n
}

// elements reads an array from behind its bracket, as an object whose keys are
// the numbers from 0.
func (f *fieldset) elements(b []byte, i int, n *node, depth int) int {
	if depth > maxDepth {
		return -1
	}
	if i = space(b, i); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for k := 0; ; k++ {
		var child *node
		if n != nil && len(n.children) > 0 {
			var digits [20]byte
			child = n.children[string(strconv.AppendInt(digits[:0], int64(k), 10))]
		}
		if i = f.value(b, i, child, depth); i < 0 {
			return -1
		}
		if i = space(b, i); i >= len(b) {
			return -1
		}
		switch b[i] {
		case ',':
			i = space(b, i+1)
		case ']':
			return i + 1
		default:
			return -1
		}
	}
}

// jsonPairs are the values of an object under dotted paths, in the order of their names.
func jsonPairs(_ *Config, line []byte, add func(label, value string)) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if decoder.Decode(&object) == nil {
		flatten("", object, add)
	}
}

// flatten visits the values of an object under dotted paths, in the order of their names.
func flatten(prefix string, object map[string]any, add func(path, value string)) {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch v := object[name].(type) {
		case nil:
		case map[string]any:
			if strings.Count(prefix, ".") < 4 {
				flatten(prefix+name+".", v, add)
			}
		case string:
			add(prefix+name, v)
		case []any:
			add(prefix+name, "[…]")
		default: // a number or a truth value
			text, _ := json.Marshal(v)
			add(prefix+name, string(text))
		}
	}
}

// learn notes the keys of a good line, which is a flat object, and how it is spaced. All
// quotes are delimiters: a literal behind a string begins with the one that ends it, and one
// behind a number with the one that begins the next key.
func (r *jsonReader) learn(in *interpreter, line []byte) fastReader {
	if line[0] != '{' || !plainText(line) || bytes.HasPrefix(line, []byte(`{"log":`)) {
		return nil
	}
	f := &fastFields{template: template{delimiters: []byte(`"\`)}}
	var bindings []*binding
	var values []span
	for at := space(line, 1); line[at] == '"'; at = space(line, at+1) {
		end, _ := stringEnd(line, at+1)
		var b *binding
		if node := r.root.children[string(line[at+1:end])]; node != nil {
			b = node.binding
		}
		from, to := space(line, space(line, end+1)+1), 0
		if line[from] == '"' {
			from++
			to, _ = stringEnd(line, from)
			at = to + 1
		} else if to = numberEnd(line, from); to > 0 {
			at = to
		} else {
			return nil
		}
		bindings, values = append(bindings, b), append(values, span{uint32(from), uint32(to)})
		if at = space(line, at); line[at] == '}' {
			break
		}
	}
	return f.learned(in, line, values, bindings)
}

// plainText tells whether there are neither control bytes nor backslashes in b.
func plainText(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c == '\\' })
}
