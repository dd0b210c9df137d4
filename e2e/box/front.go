package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// A posted is what a client posts.
type posted struct {
	ID    string        `json:"id"`
	Title string        `json:"title"`
	Draft bool          `json:"draft"` // drafts are left out on purpose
	Wait  time.Duration `json:"wait"`  // how long the front takes
}

// A video is the record that travels through the stream.
type video struct {
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	Draft      bool      `json:"draft"`
	AcceptedAt time.Time `json:"accepted_at"`
}

// A journal is an application log, one JSON object a line.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func openJournal(h servers.T, dir, name string) (j *journal, path string) {
	path = filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { file.Close() })
	return &journal{file: file}, path
}

func (j *journal) write(line fields) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err = j.file.Write(append(text, '\n'))
	return err
}

const streamName = "videos"

// A front accepts videos, behind nginx, and puts them into the stream.
type front struct {
	stream peer
	log    *journal
	script *script
	book   *book
}

// start listens and returns the front's URL.
func (f *front) start(h servers.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.Fatal(err)
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	h.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var p posted
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	time.Sleep(p.Wait)
	if f.script.strikes(frontErrors) {
		http.Error(w, "broken", http.StatusServiceUnavailable)
		return
	}
	v := video{p.ID, p.Title, p.Draft, now()}
	if err := f.accept(context.WithoutCancel(r.Context()), v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	f.book.accepted(p, v.AcceptedAt)
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprint(w, v.AcceptedAt.Format(time.RFC3339Nano))
}

func (f *front) accept(ctx context.Context, v video) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := f.stream.call(ctx, "PutRecord", fields{"StreamName": streamName, "PartitionKey": v.ID, "Data": data}, nil); err != nil {
		return err
	}
	return f.log.write(fields{"ts": v.AcceptedAt, "msg": "accepted", "id": v.ID, "accepted_at": v.AcceptedAt})
}

// now is in whole microseconds, as logs are read.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
