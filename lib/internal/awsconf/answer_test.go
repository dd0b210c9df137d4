package awsconf

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
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
		none  = "the answer broke off, or isn't one of AWS; check endpoint_url, and proxies on the way"
		moved = "answered HTTP 307 without a word of AWS; check endpoint_url, and proxies on the way"
	)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"nothing": {func(http.ResponseWriter, *http.Request) {}, none},
		"blanks":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, " \r\n") }, none},
		"204":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ""},
		"null":    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "null") }, none},
		"a page":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><body/></html>") }, none},
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

// refuse says no in the words of AWS's JSON.
func refuse(w http.ResponseWriter, message string) {
	w.Header().Set("X-Amzn-ErrorType", "OddException")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":"OddException","message":%q}`, message)
}
