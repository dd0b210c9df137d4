// Command floor does what no program that counts can do without, and nothing else: what is
// above it is the counting's.
//
//	floor read FILE       reads a file in blocks
//	floor fetch LIST      reads what is at each path or URL of a file of lines
//	floor inflate LIST    the same, and inflates what is gzip
//	floor resend FILE     sends requests once more, as bench has kept them
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
)

func main() {
	floors := map[string]func(string) error{
		"read":    func(path string) error { return pass(path, plain) },
		"fetch":   func(list string) error { return each(list, plain) },
		"inflate": func(list string) error { return each(list, inflated()) },
		"resend":  resend,
	}
	if len(os.Args) != 3 || floors[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "floor: read FILE, fetch LIST, inflate LIST or resend FILE")
		os.Exit(2)
	}
	if err := floors[os.Args[1]](os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "floor: error:", err)
		os.Exit(1)
	}
}

// block is what is read into, always the same.
var block = make([]byte, 512<<10)

// each passes over all that a list names.
func each(list string, content func(io.Reader) (io.Reader, error)) error {
	names, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	for name := range strings.Lines(string(names)) {
		if err := pass(strings.TrimSpace(name), content); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(name), err)
		}
	}
	return nil
}

func pass(name string, content func(io.Reader) (io.Reader, error)) error {
	from, err := open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	r, err := content(from)
	for err == nil {
		_, err = r.Read(block)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func open(name string) (io.ReadCloser, error) {
	if !strings.HasPrefix(name, "http://") {
		return os.Open(name)
	}
	answer, err := http.Get(name)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("answered %s", answer.Status)
	}
	return answer.Body, nil
}

func plain(r io.Reader) (io.Reader, error) { return r, nil }

// inflated inflates one after another in the same memory.
func inflated() func(io.Reader) (io.Reader, error) {
	packed, inflater := bufio.NewReaderSize(nil, 128<<10), new(gzip.Reader)
	return func(r io.Reader) (io.Reader, error) {
		packed.Reset(r)
		if magic, _ := packed.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			return packed, nil
		}
		return inflater, inflater.Reset(packed)
	}
}

// resend sends requests and reads their answers.
func resend(kept string) error {
	text, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	var requests []struct {
		Method string
		URL    string
		Header http.Header
		Body   []byte
	}
	if err := json.Unmarshal(text, &requests); err != nil {
		return err
	}
	for _, r := range requests {
		ask, err := http.NewRequest(r.Method, r.URL, bytes.NewReader(r.Body))
		if err != nil {
			return err
		}
		ask.Header = r.Header
		answer, err := http.DefaultClient.Do(ask)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
