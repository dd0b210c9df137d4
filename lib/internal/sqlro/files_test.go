package sqlro

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// written is a file of a test's.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// nowhere keeps a test from the files of whoever runs it.
func nowhere(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, name := range []string{"PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"} {
		t.Setenv(name, "")
	}
}

// connected is what connecting to nobody says.
func connected(t *testing.T, raw string) (*Database, string) {
	t.Helper()
	d, err := Open("", parts(t, raw, map[string]string{"PW": "s3cret"}))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	_, err = d.Connect(t.Context(), Settings{Zone: time.UTC, Timeout: 5 * time.Second})
	if err == nil {
		t.Fatalf("%s: connected", raw)
	}
	return d, err.Error()
}

// TestFilesOfALoginCostItsDatabaseOnly: whatever is wrong with them, the name is read, and
// means what it meant.
func TestFilesOfALoginCostItsDatabaseOnly(t *testing.T) {
	nowhere(t)
	gone, garbage := filepath.Join(t.TempDir(), "gone"), written(t, "garbage", "s3cret s3cret")
	const url, pairs = "postgres://app:${PW}@127.0.0.1:9/db", `host=127.0.0.1 port=9 user=app dbname=db password=${PW}`
	for _, c := range []struct{ raw, env, file, want string }{
		{url + "?sslrootcert=" + gone, "", "", gone + " can't be read: no such file"},
		{url + "?sslmode=verify-full&sslrootcert=" + gone + "&", "", "", gone + " can't be read: no such file"},
		{url + "?", "PGSSLROOTCERT", gone, gone + " can't be read: no such file"},
		{pairs + " sslcert=" + gone + " sslkey=" + gone, "", "", gone + " can't be read: no such file"},
		{pairs, "PGSSLROOTCERT", t.TempDir(), "can't be read: is a directory"},
		{pairs + " sslrootcert='" + garbage + "'", "", "", "say nothing that can be used: unable to add CA to cert pool"},
		{pairs + " sslkey=" + gone, "", "", `say nothing that can be used: both "sslcert" and "sslkey" are required`},
		{url, "PGPASSFILE", gone, "can't be reached"}, // one that isn't there is none
		{url, "PGPASSFILE", garbage, "can't be reached"},
	} {
		t.Run(c.raw+" "+c.env, func(t *testing.T) {
			if c.env != "" {
				t.Setenv(c.env, c.file)
			}
			d, got := connected(t, c.raw)
			if d.String() != "postgres 127.0.0.1:9/db" || d.user() != "app" || d.password() != "s3cret" || d.Unknown() != nil {
				t.Errorf("%s as %q, unknown %v", d, d.user(), d.Unknown())
			}
			if !strings.HasPrefix(got, "postgres 127.0.0.1:9/db: ") || !strings.Contains(got, c.want) || strings.Contains(got, "s3cret") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestAPasswordFromAFileIsUsedAndNeverShown though the name has none.
func TestAPasswordFromAFileIsUsedAndNeverShown(t *testing.T) {
	nowhere(t)
	t.Setenv("PGPASSFILE", written(t, "pgpass", "127.0.0.1:9:db:app:p4ss-of-file\n"))
	d, err := Open("", parts(t, "postgres://app@127.0.0.1:9/db", nil))
	if err != nil {
		t.Fatal(err)
	}
	full, err := d.ready(t.Context())
	if err != nil || full.password() != "p4ss-of-file" || full.scrub("x p4ss-of y") != "its text repeats a part of the login and is left out" {
		t.Errorf("%v: with %q", err, full.password())
	}
	if d.password() != "" {
		t.Error("the file was read while the name was")
	}
}

// TestAServiceSaysWhichDatabaseItIs, and one that can't be read says that it isn't known.
func TestAServiceSaysWhichDatabaseItIs(t *testing.T) {
	nowhere(t)
	file := written(t, "services", "[db]\nhost=127.0.0.1\nport=9\ndbname=of_service\nuser=app\npassword=s3cret\nsslrootcert=/nowhere\n")
	gone := filepath.Join(t.TempDir(), "gone")
	for _, c := range []struct{ raw, service, file, name, want string }{
		{"host=127.0.0.1 service=db", "", file, "postgres 127.0.0.1:9/of_service", "/nowhere can't be read"},
		{"postgres:///?service=db&sslrootcert=", "", file, "postgres 127.0.0.1:9/of_service", "can't be reached"},
		{"postgres:///", "db", file, "postgres 127.0.0.1:9/of_service", "/nowhere can't be read"},
		{"host=127.0.0.1 service=other", "", file, "postgres service", "isn't known: unable to find service: other; check PGSERVICE and PGSERVICEFILE"},
		{"host=127.0.0.1 service=db", "", gone, "postgres service", "isn't known: failed to read service file: " + gone},
	} {
		t.Run(c.raw, func(t *testing.T) {
			t.Setenv("PGSERVICE", c.service)
			t.Setenv("PGSERVICEFILE", c.file)
			d, got := connected(t, c.raw)
			if d.String() != c.name || (d.Unknown() != nil) != (c.name == "postgres service") || !strings.Contains(got, c.want) || strings.Contains(got, "s3cret") {
				t.Errorf("%s, unknown %v:\ngot  %s\nwant %s", d, d.Unknown(), got, c.want)
			}
		})
	}
}

// TestWhatIsLeftUnreadChangesNothingElse: names mean to pgx what they meant with the
// files' settings in them.
func TestWhatIsLeftUnreadChangesNothingElse(t *testing.T) {
	nowhere(t)
	for _, text := range []string{
		"postgres://", "postgres://h", "postgres://h/", "postgres://h?", "postgres://h/d?x=y", "postgres://h/d?x=y&", "postgresql://u:p%3Fw@h1:1,h2:2/d?password=?",
		"host=h", "host=h ", `host=h password='a\\' user=u`, `host=h user=u password=a\`, `host=h user=u password=a\\`, `user=u password='a b' host='h'  `,
	} {
		want, err := pgx.ParseConfig(text)
		if err != nil {
			t.Fatal(text, err)
		}
		got, err := pgx.ParseConfig(without(text, unread))
		if err != nil {
			t.Errorf("%s: %v", without(text, unread), err)
			continue
		}
		if got.Host != want.Host || got.Port != want.Port || got.Database != want.Database || got.User != want.User || got.Password != want.Password || len(got.Fallbacks) != len(want.Fallbacks) || len(got.RuntimeParams) != len(want.RuntimeParams) {
			t.Errorf("%s means something else", without(text, unread))
		}
	}
}
