package logscan

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

// benchLines are good lines of each format, of the lengths met in production.
func benchLines(f Format) (cfg Config, lines [][]byte) {
	cfg = Config{Format: f, Need: []string{"uri"}}
	for i := range 64 {
		sec, latency, status := i/32, i*37%1000, []int{200, 200, 200, 404, 500}[i%5]
		var line string
		switch f {
		case LTSV:
			line = fmt.Sprintf("time:22/Nov/2026:11:40:%02d +0900\thost:192.0.2.%d\tforwardedfor:-\treq:POST /videos/%d?session=abcdef HTTP/1.1\tstatus:%d\tsize:9423\treferer:https://www.example.com/list\tua:Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0\treqtime:0.%03d\tapptime:0.%03d\tvhost:api.example.com", sec, i, i, status, latency, latency)
		case JSON:
			line = fmt.Sprintf(`{"time_iso8601":"2026-11-22T11:40:%02d+09:00","remote_addr":"192.0.2.%d","remote_user":"-","request_method":"POST","request_uri":"/videos/%d?session=abcdef","server_protocol":"HTTP/1.1","status":%d,"body_bytes_sent":9423,"http_referer":"https://www.example.com/list","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0","request_time":0.%03d,"upstream_response_time":"0.%03d","http_host":"api.example.com"}`, sec, i, i, status, latency, latency)
		case Combined:
			line = fmt.Sprintf(`192.0.2.%d - - [22/Nov/2026:11:40:%02d +0900] "POST /videos/%d?session=abcdef HTTP/1.1" %d 9423 "https://www.example.com/list" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0" 0.%03d`, i, sec, i, status, latency)
		case ALB:
			line = fmt.Sprintf(`https 2026-11-22T02:40:%02d.%06dZ app/front/50dc6c495c0c9188 192.0.2.%d:2817 10.0.0.1:80 0.000 0.%03d 0.000 %d 200 34 9423 "POST https://api.example.com:443/videos/%d?session=abcdef HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/front/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "api.example.com" "arn:aws:acm:ap-northeast-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2026-11-22T02:40:00.364000Z "waf,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_dc57cebed65b444ebc8177bb698fe166`, sec, i, i, latency, status, i)
		}
		lines = append(lines, []byte(line))
	}
	return cfg, lines
}

// detectable are the formats of access logs that are told apart.
var detectable = detected(false)

func BenchmarkScan(b *testing.B) {
	for _, f := range detectable {
		b.Run(f.String(), func(b *testing.B) {
			cfg, lines := benchLines(f)
			s := scanner(b, cfg)
			var rec Record
			b.SetBytes(int64(len(lines[0])))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := s.Scan(lines[i%len(lines)], &rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRequest is Scan for lines that are written like those before them and of which
// nothing more is asked, a line an operation.
func BenchmarkRequest(b *testing.B) {
	for _, f := range detectable {
		b.Run(f.String(), func(b *testing.B) {
			cfg, lines := benchLines(f)
			cfg.Need, cfg.Mark = []string{"method", "user_agent"}, "prover/" // what access logs ask for
			s := scanner(b, cfg)
			var rec Record
			for range 2 { // the second one teaches how the others are written
				if err := s.Scan(lines[0], &rec); err != nil {
					b.Fatal(err)
				}
			}
			data := append(bytes.Join(lines, []byte("\n")), '\n')
			b.SetBytes(int64(len(data) / len(lines)))
			b.ReportAllocs()
			var seen Prescanned
			for left := 0; b.Loop(); left-- {
				if left == 0 {
					seen.Prescan(s.Templates(), data, 0, func() bool { return false })
					run, _, _ := s.Run(&seen, 0, math.MaxInt64)
					if left = len(run); left != len(lines) {
						b.Fatalf("read %d lines of %d", left, len(lines))
					}
				}
			}
		})
	}
}

func TestGoodLinesAreReadWithoutAllocation(t *testing.T) {
	for _, f := range detectable {
		cfg, lines := benchLines(f)
		s := scanner(t, cfg)
		var rec Record
		if n := testing.AllocsPerRun(10, func() {
			for _, line := range lines {
				if err := s.Scan(line, &rec); err != nil {
					t.Fatal(err)
				}
				rec.Field(0)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations for %d lines", f, n, len(lines))
		}
	}
}

// BenchmarkFirstLine is what a file costs beside its lines.
func BenchmarkFirstLine(b *testing.B) {
	_, lines := benchLines(LTSV)
	var rec Record
	for b.Loop() {
		if err := scanner(b, Config{}).Scan(lines[0], &rec); err != nil {
			b.Fatal(err)
		}
	}
}
