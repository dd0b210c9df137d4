package awsconf

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestWhatIsNoAnswerIsNotTakenForAnEmptyOne: a body without a document, another's document,
// a redirection, more than any service answers; and a token that is repeated isn't shown.
func TestWhatIsNoAnswerIsNotTakenForAnEmptyOne(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	t.Setenv("AWS_SESSION_TOKEN", "token/of+a=session")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirection was followed") }))
	defer elsewhere.Close()
	const (
		none   = "the answer can't be read as one of AWS; check endpoint_url, and proxies on the way"
		partly = "the answer broke off; check endpoint_url, and proxies on the way"
		moved  = "answered HTTP 307 without a word of AWS; check endpoint_url, and proxies on the way"
	)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"nothing":              {func(http.ResponseWriter, *http.Request) {}, none},
		"blanks":               {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, " \r\n") }, none},
		"204":                  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ""},
		"null":                 {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "null") }, none},
		"a page":               {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><body/></html>") }, none},
		"no JSON, XML or CBOR": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{]<") }, none},
		"a head":               {short(""), partly},
		"less than a heading":  {short("{"), partly},
		"more than a heading":  {short("{" + strings.Repeat(" ", 2*heading)), partly},
		"a redirection": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, moved},
		"the token, alone": {func(w http.ResponseWriter, r *http.Request) { refuse(w, r.Header.Get("X-Amz-Security-Token")) }, ""},
		"all that was sent, of the signature as well": {func(w http.ResponseWriter, r *http.Request) { refuse(w, fmt.Sprint(r.Header)) }, ""},
	} {
		for service, call := range services {
			t.Run(name+"/"+service, func(t *testing.T) {
				server := httptest.NewServer(c.answer)
				defer server.Close()
				cfg, err := NewSession(Options{Region: "eu-west-1", EndpointURL: server.URL}, Patience{}).Config(t.Context(), time.Unix(0, 0))
				if err != nil {
					t.Fatal(err)
				}
				err = Failure("s:Do", call(t.Context(), cfg))
				if err == nil || c.want != "" && err.Error() != "s:Do: "+c.want || strings.Contains(err.Error(), "session") {
					t.Errorf("got  %v\nwant s:Do: %s", err, c.want)
				}
			})
		}
	}
}

// short begins an answer whose end never comes, since the connection is cut.
func short(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9999")
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		fmt.Fprint(w, text)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// TestWhatIsWrongWithAnAnswerIsToldApart where it is known: in whatever the SDK wraps it.
func TestWhatIsWrongWithAnAnswerIsToldApart(t *testing.T) {
	const hint = "; check endpoint_url, and proxies on the way"
	read := func(r io.Reader) error { _, err := io.ReadAll(r); return fmt.Errorf("decode: %w", err) }
	for want, err := range map[string]error{
		"s:Do: the answer broke off" + hint:                                       read(&bounded{iotest.ErrReader(syscall.ECONNRESET), 10}),
		"s:Do: the answer is longer than 16 MiB" + hint:                           read(&bounded{strings.NewReader("12345678901"), 10}),
		"s:Do: no answer in time; raise --timeout if it is slow rather than away": read(&bounded{iotest.ErrReader(context.DeadlineExceeded), 10}),
	} {
		if got := Failure("s:Do", err).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestADownloadThatBreaksOffSaysSo: an object of S3 is read by whoever asked for it.
func TestADownloadThatBreaksOffSaysSo(t *testing.T) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"} {
		t.Setenv(name, value)
	}
	server := httptest.NewServer(short("a line\n"))
	defer server.Close()
	cfg, err := NewSession(Options{Region: "eu-west-1", EndpointURL: server.URL}, Patience{}).Config(t.Context(), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	out, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if want := "s:Do: the answer broke off; check endpoint_url, and proxies on the way"; string(text) != "a line\n" || Failure("s:Do", err).Error() != want {
		t.Errorf("read %q; got %v, want %s", text, Failure("s:Do", err), want)
	}
}

// refuse says no in the words of AWS's JSON.
func refuse(w http.ResponseWriter, message string) {
	w.Header().Set("X-Amzn-ErrorType", "OddException")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":"OddException","message":%q}`, message)
}
