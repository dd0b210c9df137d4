package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// The load: a request every interval, but for the last seconds of each minute, so that every request begins and ends in
// the same minute by any clock. Every slowOne-th takes slow, and every draftOne-th is a draft, as long as none can wait
// past the deadline: what is left out must be known by then.
const (
	interval  = 96 * time.Millisecond
	restFrom  = 56 * time.Second
	restUntil = 300 * time.Millisecond
	slow      = 2 * time.Second
	slowOne   = 40
	draftOne  = 50
	atOnce    = 100 // more requests aren't begun
)

// A client posts videos to nginx and books what it sees.
type client struct {
	url    string
	script *script
	book   *book
}

// load posts until the context ends, and returns when every request is answered.
func (c *client) load(ctx context.Context) {
	var going sync.WaitGroup
	defer going.Wait()
	places := make(chan struct{}, atOnce)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for n := 1; ; {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			if into := at.Sub(at.Truncate(time.Minute)); into >= restFrom || into < restUntil {
				continue
			}
		}
		p := posted{ID: fmt.Sprintf("v%06d", n), Title: fmt.Sprintf("title of %d", n), Draft: n%draftOne == 0 && c.script.workerWell()}
		if n%slowOne == 0 {
			p.Wait = slow
		}
		select {
		case places <- struct{}{}:
		default:
			continue
		}
		n++
		going.Go(func() {
			c.post(p)
			<-places
		})
	}
}

// oneRequest is for connections of one request: nginx may close an idle one at any time.
var oneRequest = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// post sends one video and books the answer.
func (c *client) post(p posted) {
	body, err := json.Marshal(p)
	if err != nil {
		c.book.fail(err)
		return
	}
	sent := time.Now()
	response, err := oneRequest.Post(c.url+"/videos", "application/json", bytes.NewReader(body))
	if err != nil {
		c.book.unanswered(sent, time.Now())
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.book.unanswered(sent, time.Now())
		return
	}
	c.book.answered(p, sent, time.Now(), response.StatusCode, string(answer))
}
