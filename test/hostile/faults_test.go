//go:build unix

package hostile

import (
	"bufio"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// canary stands in everything that is secret; nothing that is printed or kept may hold it.
const canary = "CANARYbirdCANARY"

// fault is what is wrong with a server.
type fault struct {
	name   string
	scheme string         // https where TLS is spoken, or should be
	serve  func(net.Conn) // nil: nobody listens
	tls    *tls.Config    // what serve is spoken over
	cause  string         // what an HTTP client must say of it
	head   bool           // it sends the head of an answer that says yes
}

// The causes that are told apart.
const (
	late      = `no answer (within|in time)|the run ended (before they came|while a record was being sent)`
	absent    = `refused the connection|connection refused`
	broken    = `speaks no AWS|can't be read as one of AWS|holds no credentials|speaks no HTTP|handshake failure|connection reset|broke off|no answer from Mackerel|answered HTTP`
	untrusted = `certificate can't be verified|certificate`
	tooMuch   = `longer than|` + broken + `|` + late
)

// withoutEnd writes what it is told, again and again, until the client leaves.
func withoutEnd(c net.Conn, text string, pause time.Duration) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

const (
	okHead  = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	quickly = 0
	drop    = 50 * time.Millisecond
)

// silent waits until the client leaves.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// asked reads a request, and gives what came.
func asked(c net.Conn) string {
	var seen strings.Builder
	r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, &seen)))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return seen.String()
}

// then answers a request with a text, and goes on with what follows it.
func then(text string, next func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		asked(c)
		if _, err := io.WriteString(c, text); err == nil && next != nil {
			next(c)
		}
	}
}

func endless(text string) func(net.Conn) {
	text = strings.Repeat(text, 1+64<<10/len(text))
	return func(c net.Conn) { withoutEnd(c, text, quickly) }
}

func drips(text string) func(net.Conn) { return func(c net.Conn) { withoutEnd(c, text, drop) } }

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// answer is a whole answer with a status.
func answer(status int, headers, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d X\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, headers, len(body), body)
}

// zeros is a body that unpacks to more than any machine has.
func zeros(c net.Conn) {
	w := gzip.NewWriter(c)
	for block := make([]byte, 1<<20); ; {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// words are what AWS says no in, in the ways of all its protocols.
func words(code, message string) func(net.Conn) {
	return func(c net.Conn) {
		request := asked(c)
		message := strings.ReplaceAll(message, "REQUEST", strings.NewReplacer("\r\n", " ", `"`, "'", "<", "(", "&", "+").Replace(request))
		message = strings.ReplaceAll(message, "TOKEN", tokenOf(request))
		body, kind := fmt.Sprintf(`{"__type":"%[1]s","code":"%[1]s","message":"%[2]s"}`, code, message), "application/json"
		if strings.Contains(request, "rpc-v2-cbor") {
			kind, body = "application/cbor\r\nSmithy-Protocol: rpc-v2-cbor", "\xa2"+cborText("__type")+cborText(code)+cborText("message")+cborText(message)
		}
		if strings.Contains(request, "GET /bucket") || strings.Contains(request, "Action=AssumeRole") {
			kind, body = "text/xml", fmt.Sprintf("<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
			if strings.Contains(request, "Action=") {
				body = "<ErrorResponse>" + body + "</ErrorResponse>"
			}
		}
		_, _ = io.WriteString(c, answer(400, "Content-Type: "+kind+"\r\nX-Amzn-ErrorType: "+code+"\r\n", body))
	}
}

// tokenOf is the session's token that a request shows.
func tokenOf(request string) string {
	for line := range strings.Lines(request) {
		if name, value, ok := strings.Cut(line, ": "); ok && (strings.EqualFold(name, "X-Amz-Security-Token") || strings.EqualFold(name, "X-Api-Key")) {
			return strings.TrimSpace(value)
		}
	}
	return "none"
}

// cborText is a text of up to 64 KiB (RFC 8949, 3.1).
func cborText(s string) string {
	s = s[:min(len(s), 1<<16-1)]
	return "\x79" + string([]byte{byte(len(s) >> 8), byte(len(s))}) + s
}

// faults are all that is wrong with servers of HTTP. elsewhere is where redirections lead.
func faults(elsewhere string) []fault {
	all := []fault{
		{name: "nobody listens", cause: absent},
		{name: "it never takes the connection", serve: full, cause: late},
		{name: "it says nothing", serve: silent, cause: late},
		{name: "it resets at once", serve: reset, cause: broken},
		{name: "it closes at once", serve: func(net.Conn) {}, cause: broken},
		{name: "it resets after the question", serve: then("", reset), cause: broken},
		{name: "it closes after the question", serve: then("", nil), cause: broken},
		{name: "it says nothing after the question", serve: then("", silent), cause: late},
		{name: "half a status line", serve: then("HTTP/1.1 2", silent), cause: late},
		{name: "a header that drips", serve: then("HTTP/1.1 200 OK\r\nX: ", drips("x")), cause: late},
		{name: "headers without end", serve: then("HTTP/1.1 200 OK\r\n", endless("X: y\r\n")), cause: broken + "|" + late},
		{name: "a header without end", serve: then("HTTP/1.1 200 OK\r\nX: ", endless("x")), cause: broken + "|" + late},
		{name: "interim answers without end", serve: then("", endless("HTTP/1.1 103 Wait\r\n\r\n")), cause: broken + "|" + late},
		{name: "a body that doesn't come", head: true, serve: then(okHead+"Content-Length: 9999\r\n\r\n", silent), cause: late},
		{name: "a body that drips", head: true, serve: then(okHead+"Content-Length: 9999\r\n\r\n", drips(" ")), cause: late},
		{name: "half a body and a reset", head: true, serve: then(okHead+"Content-Length: 9999\r\n\r\n{", reset), cause: broken},
		{name: "half a body", head: true, serve: then(okHead+"Content-Length: 9999\r\n\r\n{", nil), cause: broken},
		{name: "half a chunk", head: true, serve: then(okHead+"Transfer-Encoding: chunked\r\n\r\nff\r\n{", nil), cause: broken},
		{name: "no chunk", head: true, serve: then(okHead+"Transfer-Encoding: chunked\r\n\r\nzz\r\n{", nil), cause: broken},
		{name: "blanks without end", head: true, serve: then(okHead+"\r\n", endless(" ")), cause: tooMuch},
		{name: "a list without end", head: true, serve: then(okHead+"\r\n[1", endless(",1")), cause: tooMuch},
		{name: "a text without end", head: true, serve: then(okHead+"\r\n{\"a\":\"", endless("x")), cause: tooMuch},
		{name: "chunks without end", head: true, serve: then(okHead+"Transfer-Encoding: chunked\r\n\r\n", endless("400\r\n"+strings.Repeat("x", 1024)+"\r\n")), cause: tooMuch},
		{name: "packed zeros without end", head: true, serve: then(okHead+"Content-Encoding: gzip\r\n\r\n", zeros), cause: tooMuch},
		{name: "an error without end", serve: then("HTTP/1.1 500 X\r\n\r\n", endless("x")), cause: "500|" + tooMuch},
		{name: "wrong bytes", serve: func(c net.Conn) { asked(c); _, _ = c.Write([]byte("\x00\xff\x1b[31m\x07SSH-2.0-x\r\n")) }, cause: broken},
		{name: "wrong bytes in a body", head: true, serve: then(answer(200, "", "\x00\xff\x1b[31m\x07"), nil), cause: broken + "|no JSON"},
		{name: "lists in lists", head: true, serve: then(answer(200, "Content-Type: application/json\r\n", strings.Repeat("[", 1<<20)), nil), cause: "longer than|no JSON|" + broken},
		{name: "objects in objects", head: true, serve: then(answer(200, "Content-Type: application/json\r\n", strings.Repeat(`{"a":`, 1<<18)), nil), cause: "longer than|no JSON|" + broken},
		{name: "elements in elements", head: true, serve: then(answer(200, "Content-Type: text/xml\r\n", strings.Repeat(`<a>`, 1<<18)), nil), cause: "longer than|no JSON|" + broken},
		{name: "200 with a page", head: true, serve: then(answer(200, "Content-Type: text/html\r\n", "<html><p>Welcome to the guest network"), nil), cause: broken + "|no JSON"},
		{name: "200 with nothing", head: true, serve: then(answer(200, "Content-Type: application/json\r\n", ""), nil), cause: broken + "|no JSON"},
		{name: "200 with blanks", head: true, serve: then(answer(200, "Content-Type: application/json\r\n", " \r\n"), nil), cause: broken + "|no JSON"},
		{name: "200 with null", head: true, serve: then(answer(200, "Content-Type: application/json\r\n", "null"), nil), cause: broken + "|no JSON"},
		{name: "204", head: true, serve: then("HTTP/1.1 204 X\r\nConnection: close\r\n\r\n", nil), cause: "204|" + broken + "|no JSON"},
		{name: "200 with another document", head: true, serve: then(answer(200, "Content-Type: text/xml\r\n", "<html><body/></html>"), nil), cause: broken + "|no JSON"},
		{name: "HTTP where TLS should be", scheme: "https", serve: func(c net.Conn) { _, _ = io.WriteString(c, answer(400, "", "no TLS")) }, cause: broken},
		{name: "no handshake", scheme: "https", serve: silent, cause: late},
		{name: "a handshake that drips", scheme: "https", serve: func(c net.Conn) { _, _ = io.WriteString(c, "\x16\x03\x03\x40\x00"); drips("\x02")(c) }, cause: late},
		{name: "an alert", scheme: "https", serve: func(c net.Conn) { _, _ = io.WriteString(c, "\x15\x03\x03\x00\x02\x02\x28") }, cause: broken},
		{name: "a certificate of nobody", scheme: "https", tls: certificate("nobody"), serve: silent, cause: untrusted},
		{name: "a certificate of yesterday", scheme: "https", tls: certificate("yesterday"), serve: silent, cause: untrusted},
		{name: "another's certificate", scheme: "https", tls: certificate("another"), serve: silent, cause: untrusted},
		{name: "silence after the handshake", scheme: "https", tls: certificate("right"), serve: silent, cause: late},
		{name: "half a body over TLS", scheme: "https", tls: certificate("right"), head: true, serve: then(okHead+"Content-Length: 9999\r\n\r\n{", nil), cause: broken},
		{name: "expired credentials", serve: words("ExpiredTokenException", "REQUEST"), cause: "expired|400"},
		{name: "throttled", serve: words("ThrottlingException", "REQUEST"), cause: "throttled|" + "400|" + late},
		{name: "not allowed", serve: words("AccessDeniedException", "REQUEST"), cause: "is not allowed|400"},
		{name: "a no that AWS hasn't", serve: words("Odd\\u001b[31mException", "REQUEST"), cause: "refused|400"},
		{name: "a no without end", serve: words("OddException", strings.Repeat("x", 1<<20)), cause: "refused|400|longer than"},
		{name: "the token as a no", serve: words("OddException", "TOKEN"), cause: "refused|400"},
		{name: "what was asked as an error", serve: func(c net.Conn) {
			r := asked(c)
			_, _ = io.WriteString(c, answer(500, "Content-Type: text/plain\r\n", r))
		}, cause: "500"},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for where, to := range map[string]string{"itself": "/", "another": "http://" + elsewhere + "/"} {
			all = append(all, fault{name: fmt.Sprintf("%d to %s", status, where), serve: then(answer(status, "Location: "+to+"\r\n", ""), nil), cause: strconv.Itoa(status) + "|redirection|" + broken + "|" + late})
		}
	}
	for _, status := range []int{400, 401, 403, 404, 407, 408, 413, 429, 500, 502, 503, 504} {
		for with, text := range map[string]string{"": "", " with a page": "<html><h1>No</h1>", " with JSON": `{"a":1}`} {
			all = append(all, fault{name: strconv.Itoa(status) + with, serve: then(answer(status, "Retry-After: 86400\r\n", text), nil), cause: strconv.Itoa(status)})
		}
	}
	return all
}

// full listens and takes no connection: the kernel's queue is full before.
func full(net.Conn) {}

var certificates = sync.OnceValue(func() map[string]*tls.Config {
	all := map[string]*tls.Config{}
	root, rootKey := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, key()
	der, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	if err != nil {
		panic(err)
	}
	bundle = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for i, kind := range []string{"nobody", "yesterday", "another", "right"} {
		c, parent, signs := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 2)), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, root, rootKey
		own := key()
		switch kind {
		case "nobody":
			parent, signs = c, own
		case "yesterday":
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
		case "another":
			c.IPAddresses, c.DNSNames = nil, []string{"example.com"}
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &own.PublicKey, signs)
		if err != nil {
			panic(err)
		}
		all[kind] = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: own}}}
	}
	return all
})

// bundle is the authority that the programs trust, once certificates were made.
var bundle []byte

func certificate(kind string) *tls.Config { return certificates()[kind] }

func key() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// listen serves a fault on loopback until the test ends, and gives its address.
func (f fault) listen(t *testing.T) string {
	t.Helper()
	if f.name == "it never takes the connection" {
		return unaccepted(t)
	}
	if f.serve == nil {
		return "127.0.0.1:9" // of those that nobody is given
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for c := range open {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			go func() {
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					delete(open, c)
					c.Close()
				}()
				if f.tls != nil {
					c := tls.Server(c, f.tls)
					if c.Handshake() == nil {
						f.serve(c)
					}
					return
				}
				f.serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// unaccepted is an address whose queue of connections is full, so that a further one
// hangs before it is one.
func unaccepted(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 4 {
		if c, err := net.DialTimeout("tcp", at, 100*time.Millisecond); err == nil {
			t.Cleanup(func() { c.Close() })
		}
	}
	return at
}
