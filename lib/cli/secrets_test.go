package cli_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"mackerel-plugin-pipeline-sli/lib/internal/sqlro/sqlrotest"
)

// spellings are how names of databases with a login are written; PORT is the server's.
var spellings = []string{
	"postgres://app:${DBPW}@127.0.0.1:PORT/app?sslmode=disable",
	"postgresql://app@127.0.0.1:PORT/app?password=${DBPW}&sslmode=disable",
	"host=127.0.0.1 port=PORT user=app password=${DBPW} dbname=app sslmode=disable",
	"host=127.0.0.1 password='${DBPW}' port=PORT user=app dbname=app sslmode=disable",
	"app:${DBPW}@tcp(127.0.0.1:PORT)/app?timeout=1s",
	"mysql://app:${DBPW}@127.0.0.1:PORT/app?timeout=1s",
}

// commands are all that prints something of a stage.
var commands = [][]string{nil, {"explain"}, {"explain", "--json"}, {"doctor"}, {"validate"}, {"iam-policy"}, {"export", "--from", "-10m", "--to", "-1m"}}

// onDatabase is a pipeline on a database, once as a stage and once as what a prover
// looks into.
func (h *host) onDatabase(dsn string, port int) {
	dsn = strings.ReplaceAll(dsn, "PORT", fmt.Sprint(port))
	h.config(fmt.Sprintf(`pipelines:
- name: q
  metrics: full
  stages: [{ name: store, sql: { dsn: %[1]q, query: "SELECT max(updated_at) AS updated_at FROM v" } }]
  slis: { freshness: { threshold: 60s, target: 99 }, correctness: { target: 99 } }
  prover:
    inject: { http: { url: "http://127.0.0.1:9/", body: "{{.ID}}" } }
    expect: { sql: { dsn: %[1]q, query: "SELECT n FROM v WHERE id = '{{.ID}}'" } }
    want: "{{.N}}"
`, dsn))
}

// printed is all that the programs say.
func (h *host) printed() string {
	a := h.check()
	text := a.out + a.complaints
	for _, args := range commands {
		a := h.plugin(args...)
		text += a.out + a.complaints
	}
	return text
}

// reveals is a piece of a secret that stands in a text, "" if none does but what would
// stand there with any other secret.
func reveals(text, secret, anyway string) string {
	for i := range len(secret) - 3 {
		if piece := secret[i : i+4]; strings.Contains(text, piece) && !strings.Contains(anyway, piece) {
			return piece
		}
	}
	return ""
}

// password is a random one, of printable ASCII and some more.
func password(r *rand.Rand) string {
	var b strings.Builder
	for range 8 + r.IntN(16) {
		if r.IntN(12) == 0 {
			b.WriteRune([]rune("éß日本🔑\u202e")[r.IntN(6)])
		} else {
			b.WriteByte(byte(' ' + r.IntN('~'-' '+1)))
		}
	}
	return b.String()
}

func TestNoPieceOfAPasswordIsPrinted(t *testing.T) {
	nasty := []string{"Hun@ter/Secret9", "pa@x/Hunter2", "k@Wq7Zz/Xx91", "a host=Secret9", "zz host=Gh77Jk dbname=Ww55Kp", "pa@Hunter2", "p@ss/w:rd?#1", "100%41@x", `q'u"o\te$`}
	other := newHost(t)
	other.env["DBPW"] = "~"
	other.onDatabase(spellings[0], 9)
	anyway := other.printed()
	r := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		nasty = append(nasty, password(r))
	}
	for i, secret := range nasty {
		h := newHost(t)
		h.env["DBPW"] = secret
		for j, dsn := range spellings {
			if i > 8 && i%len(spellings) != j {
				continue
			}
			h.onDatabase(dsn, 9) // where nothing listens
			text := h.printed()
			if piece := reveals(text, secret, anyway); piece != "" {
				t.Errorf("%s with %q: %q in %s", dsn, secret, piece, text)
			}
			if !strings.Contains(text, " 127.0.0.1:9/app: the server can't be reached") {
				t.Errorf("%s with %q: another place is asked: %s", dsn, secret, text)
			}
		}
	}
}

// TestALoginIsTriedWithThePasswordAsItIs, and a server that repeats it is not quoted.
func TestALoginIsTriedWithThePasswordAsItIs(t *testing.T) {
	for _, secret := range []string{"pa@Hunter2", "p@ss/w:rd?#1", "100%41@x", "a dog=Secret9", `q'u"o\te$ {}`, "日本語 パスワード"} {
		for _, dsn := range spellings[:4] {
			var got string
			server, err := sqlrotest.New(func(string, []string) sqlrotest.Result { return sqlrotest.Result{} })
			if err != nil {
				t.Fatal(err)
			}
			server.Guard(func(password string) *pgproto3.ErrorResponse {
				got = password
				return &pgproto3.ErrorResponse{Severity: "FATAL", Code: "XX000", Message: "no luck with " + password + " or " + password[1:6]}
			})
			h := newHost(t)
			h.env["DBPW"] = secret
			h.onDatabase(dsn, server.Port)
			a := h.plugin("--no-inject")
			if got != secret {
				t.Errorf("%s: the login came with %q, want %q; %s", dsn, got, secret, a.complaints)
			}
			if piece := reveals(a.out+a.complaints, secret, ""); piece != "" {
				t.Errorf("%s with %q: %q in %s", dsn, secret, piece, a.complaints)
			}
			server.Close()
		}
	}
}
