//go:build unix

package sqlro

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAFileOfALoginThatHangsIsNamed, wherever it is named.
func TestAFileOfALoginThatHangsIsNamed(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "a fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	const url, pairs = "postgres://app@127.0.0.1:9/db", "host=127.0.0.1 port=9 user=app dbname=db"
	for _, c := range []struct{ raw, env, by string }{
		{url + "?sslmode=verify-full&sslrootcert=" + strings.ReplaceAll(fifo, " ", "%20"), "", "sslrootcert"},
		{url + "?passfile=" + strings.ReplaceAll(fifo, " ", "%20"), "", "passfile"},
		{pairs + " sslcert='" + fifo + "' sslkey='" + fifo + "'", "", "sslcert"},
		{pairs + " sslcert=/dev/null sslkey = '" + fifo + "'", "", "sslkey"},
		{pairs + " passfile=" + strings.ReplaceAll(fifo, " ", `\ `), "", "passfile"},
		{url, "PGSSLROOTCERT", "PGSSLROOTCERT"},
		{pairs, "PGPASSFILE", "PGPASSFILE"},
		{"host='' service=db", "PGSERVICEFILE", "PGSERVICEFILE"},
		{"host='' service=db servicefile='" + fifo + "'", "", "servicefile"},
	} {
		t.Run(c.raw+" "+c.env, func(t *testing.T) {
			nowhere(t)
			if c.env != "" {
				t.Setenv(c.env, fifo)
			}
			if c.env == "PGSSLROOTCERT" {
				t.Setenv("PGSSLMODE", "verify-full")
			}
			d, err := Open("", parts(t, c.raw, nil))
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Connect(t.Context(), Settings{Zone: time.UTC, Timeout: 50 * time.Millisecond})
			if want := fifo + " hangs; see whether what " + c.by + " names can be read"; err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
