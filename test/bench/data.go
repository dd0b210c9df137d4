//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
)

// The logs are of one hour, histories of four weeks.
const (
	hour    = time.Hour
	history = 28 * 24 * time.Hour
)

// request is one line's content.
type request struct {
	at      time.Time
	n       int
	method  string
	status  int
	latency float64 // seconds, log-normal
}

// formats write a request as a line each.
var formats = map[string]func(io.Writer, request){
	"ltsv": func(w io.Writer, r request) {
		fmt.Fprintf(w, "time:%s\thost:10.%d.%d.%d\tforwardedfor:-\treq:%s /videos/%d?token=%x HTTP/1.1\tstatus:%d\tsize:%d\treqtime:%.3f\tapptime:%.3f\treferer:https://example.com/list\tua:Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\tvhost:api.example.com\n",
			r.at.Format(time.RFC3339), r.n%250, r.n%91, r.n%77, r.method, r.n, r.n*7919, r.status, 200+r.n%4000, r.latency, r.latency*.9)
	},
	"json": func(w io.Writer, r request) {
		fmt.Fprintf(w, `{"time_iso8601":"%s","remote_addr":"10.%d.%d.%d","remote_user":"-","request_method":"%s","request_uri":"/videos/%d?token=%x","server_protocol":"HTTP/1.1","status":%d,"body_bytes_sent":%d,"http_referer":"https://example.com/list","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0","request_time":%.3f,"upstream_response_time":"%.3f","http_host":"api.example.com"}`+"\n",
			r.at.Format(time.RFC3339), r.n%250, r.n%91, r.n%77, r.method, r.n, r.n*7919, r.status, 200+r.n%4000, r.latency, r.latency*.9)
	},
	"combined": func(w io.Writer, r request) {
		fmt.Fprintf(w, `10.%d.%d.%d - - [%s] "%s /videos/%d?token=%x HTTP/1.1" %d %d "https://example.com/list" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" %.3f`+"\n",
			r.n%250, r.n%91, r.n%77, r.at.Format("02/Jan/2006:15:04:05 -0700"), r.method, r.n, r.n*7919, r.status, 200+r.n%4000, r.latency)
	},
	"alb": func(w io.Writer, r request) {
		fmt.Fprintf(w, `https %s app/front/50dc6c495c0c9188 10.%d.%d.%d:2817 10.0.0.1:80 0.000 %.3f 0.000 %d %d 34 %d "%s https://api.example.com:443/videos/%d?token=%x HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/front/73e2d6bc24d8a067 "Root=1-%08x-36d228ad5d99923122bbe354" "api.example.com" "arn:aws:acm:ap-northeast-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 %s "waf,forward" "-" "-" "10.0.0.1:80" "%d" "-" "-" TID_%032x`+"\n",
			r.at.Format("2006-01-02T15:04:05.000000Z"), r.n%250, r.n%91, r.n%77, r.latency, r.status, r.status, 200+r.n%4000, r.method, r.n, r.n*7919, r.n,
			r.at.Format("2006-01-02T15:04:05.000000Z"), r.status, r.n*104729)
	},
}

// writeLog writes n lines of one format, spread over a span of time. One in 2,000 is
// damaged.
func writeLog(to io.Writer, format string, n int, from time.Time, span time.Duration) error {
	w := bufio.NewWriterSize(to, 64<<10)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		r := request{at: from.Add(time.Duration(float64(span) * float64(i) / float64(n))), n: i, method: "POST", status: 200}
		r.latency = math.Exp(random.NormFloat64()*1.1 - 3)
		if random.Float64() < .3 {
			r.method = "GET"
		}
		switch p := random.Float64(); {
		case p < .002:
			r.status = 503
		case p < .05:
			r.status = 404
		}
		if i%2000 == 1999 {
			fmt.Fprintln(w, "damaged")
			continue
		}
		formats[format](w, r)
	}
	return w.Flush()
}

// sizes are the lines of each format's log: about a GB each.
var sizes = map[string]float64{"ltsv": 4e6, "json": 3e6, "combined": 5e6, "alb": 2e6}

// generate makes the logs of all formats, of so many times their size.
func (w *world) generate(scale float64) error {
	for format, lines := range sizes {
		if err := w.log(format, format, int(lines*scale), hour); err != nil {
			return err
		}
	}
	for _, format := range []string{"ltsv", "json"} {
		if w.axslog == "" {
			break
		}
		if err := w.log(format+".part", format, min(int(sizes[format]*scale), axslogLines), hour); err != nil {
			return err
		}
	}
	if err := w.log("few", "ltsv", 100_000, hour); err != nil {
		return err
	}
	return w.compress("alb", "alb.gz")
}

// axslogLines keeps a log below the 500 MB that axslog takes.
const axslogLines = 1_000_000

func (w *world) log(name, format string, lines int, span time.Duration) error {
	f, err := os.Create(w.path(name))
	if err != nil {
		return err
	}
	defer f.Close()
	return writeLog(f, format, lines, w.begin, span)
}

func (w *world) compress(name, into string) error {
	from, err := os.Open(w.path(name))
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(w.path(into))
	if err != nil {
		return err
	}
	defer to.Close()
	z := gzip.NewWriter(to)
	if _, err = io.Copy(z, from); err != nil {
		return err
	}
	return z.Close()
}
