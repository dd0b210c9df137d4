package sqlro

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

var params = map[string]Type{"from": Instant, "to": Instant, "threshold": Seconds}

func TestNamesBecomeTheDriversPlaceholdersOnlyWhereTheyAreNames(t *testing.T) {
	for _, c := range []struct {
		driver    Driver
		sql, want string
		params    []string
		columns   []string
	}{
		{Postgres, "SELECT count(*) AS done FROM t WHERE at >= :from AND at < :to AND b < :to;",
			"SELECT count(*) AS done FROM t WHERE at >= $1::timestamptz AND at < $2::timestamptz AND b < $2::timestamptz",
			[]string{"from", "to"}, []string{"done"}},
		{MySQL, "select count(*) done, ':from' as `b` from t where at >= :from and at < :to and b < :to -- :x",
			"select count(*) done, ':from' as `b` from t where at >= ? and at < ? and b < ?",
			[]string{"from", "to", "to"}, []string{"done", "b"}},
		{Postgres, `SELECT x::text AS "Fresh", t.total, '{"a"::1}' || E'\':to' s, $q$ :from ; $q$ q /* :to /* ; */ */ FROM t -- ;`,
			`SELECT x::text AS "Fresh", t.total, '{"a"::1}' || E'\':to' s, $q$ :from ; $q$ q /* :to /* ; */ */ FROM t`,
			nil, []string{"fresh", "total", "s", "q"}},
		{MySQL, `SELECT MAX(updated_at) AS updated_at, 'it''s \' :to' FROM t # :from`,
			`SELECT MAX(updated_at) AS updated_at, 'it''s \' :to' FROM t`, nil, []string{"updated_at", ""}},
		{Postgres, "WITH a AS (SELECT 1 AS x, 2 AS y) SELECT sum(x) FILTER (WHERE y < :threshold) AS fresh, count(*) AS total FROM a",
			"WITH a AS (SELECT 1 AS x, 2 AS y) SELECT sum(x) FILTER (WHERE y < $1::double precision) AS fresh, count(*) AS total FROM a",
			[]string{"threshold"}, []string{"fresh", "total"}},
		{MySQL, "SELECT 5--1 AS done", "SELECT 5--1 AS done", nil, []string{"done"}},
		{Postgres, "(SELECT max(a) updated_at FROM t) UNION (SELECT 1)", "(SELECT max(a) updated_at FROM t) UNION (SELECT 1)", nil, []string{"updated_at"}},
		{Postgres, "SELECT DISTINCT ON (a) a, CASE WHEN b THEN 1 END, a + b, t.from, extract(epoch from a) AS e", "SELECT DISTINCT ON (a) a, CASE WHEN b THEN 1 END, a + b, t.from, extract(epoch from a) AS e",
			nil, []string{"a", "", "", "from", "e"}},
		{MySQL, "SELECT *, t.*, count(*), NULL, 1", "SELECT *, t.*, count(*), NULL, 1", nil, []string{"", "", "", "", ""}},
	} {
		s, err := Parse(c.driver, c.sql, params)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if diff := cmp.Diff(&Statement{SQL: c.want, Params: c.params, Columns: c.columns}, s); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.sql, diff)
		}
	}
}

func TestOnlyOneSelectIsTaken(t *testing.T) {
	for _, c := range []struct {
		driver    Driver
		sql, want string
	}{
		{Postgres, "", "is empty"},
		{Postgres, " -- SELECT 1", "is empty"},
		{MySQL, "DELETE FROM t", "one SELECT"},
		{MySQL, "SELECT 1; DELETE FROM t", "several"},
		{Postgres, "SELECT 1;; SELECT 2", "several"},
		{MySQL, "SELECT 1 INTO OUTFILE '/tmp/x'", "INTO"},
		{MySQL, "SELECT 1 /*! INTO OUTFILE '/tmp/x' */", "execute"},
		{MySQL, "SELECT 1 /*M! INTO OUTFILE '/tmp/x' */", "execute"},
		{Postgres, "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", "DELETE"},
		{Postgres, "SELECT a FROM t FOR UPDATE", "FOR UPDATE"},
		{MySQL, "SELECT a FROM t LOCK IN SHARE MODE", "lock"},
		{MySQL, "SELECT a FROM t WHERE b = ?", "placeholder"},
		{Postgres, "SELECT a FROM t WHERE b = $1", "placeholder"},
		{Postgres, "SELECT :since", "unknown parameter :since; there are :from, :threshold, :to"},
		{Postgres, "SELECT 'a", "quote"},
		{Postgres, "SELECT /* a", "comment"},
		{Postgres, "SELECT $a$ b", "quote"},
	} {
		if _, err := Parse(c.driver, c.sql, params); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.sql, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("SELECT a, 'b' FROM \"c\" WHERE d = :from /* e */ -- f", true)
	f.Add("WITH x AS (SELECT 1) SELECT $q$ : $q$", false)
	f.Fuzz(func(t *testing.T, sql string, my bool) {
		driver := Postgres
		if my {
			driver = MySQL
		}
		s, err := Parse(driver, sql, params)
		if err == nil && s.SQL == "" {
			t.Error("nothing is no SELECT")
		}
	})
}

func TestAPasswordInClearIsRefusedInEveryForm(t *testing.T) {
	for raw, literal := range map[string]bool{
		"postgres://app:${PW}@db/app":              false,
		"postgres://app:hunter2@db/app":            true,
		"postgres://app:x${PW}@db/app":             true,
		"postgres://app:$${PW}@db/app":             true,
		"postgres://app@[::1]:5432/app":            false,
		"postgres://app@db/app?password=hunter2":   true,
		"postgres://app@db/app?password=${PW}":     false,
		"${DATABASE_URL}":                          false,
		"host=db user=app password=hunter2":        true,
		"host=db user=app password = 'hun ter2'":   true,
		"host=db user=app password=${PW} port=1":   false,
		"host=db sslpassword=hunter2":              true,
		"app:hunter2@tcp(db:3306)/app":             true,
		"app:hun/ter@2@tcp(db:3306)/app":           true,
		"app:${PW}@tcp([::1]:3306)/app":            false,
		"app@tcp(db:3306)/app?x=a@b":               false,
		"${DB_USER}:${PW}@tcp(db:3306)/app?tls=t":  false,
		"mysql://app:hunter2@db:3306/app":          true,
		"mysql://${A}:${B}@db:3306/app?tls=true":   false,
		"postgresql://db/app?sslmode=verify-full":  false,
		"postgres://app:${PW}@db/app?PASSWORD=abc": true,
	} {
		if got := literalPassword(newSourceName(parts(t, raw, map[string]string{})).mask); got != literal {
			t.Errorf("%s: literal %v, want %v", raw, got, literal)
		}
	}
}

// parts are a name's, the variables being what env says, else secret.
func parts(t interface{ Fatal(...any) }, raw string, env map[string]string) []section.Part {
	n, err := section.Parse("f.yaml", []byte("dsn: "+strconv.Quote(raw)), func(name string) (string, bool) {
		if v, ok := env[name]; ok {
			return v, true
		}
		return "secret", true
	})
	if err != nil {
		t.Fatal(raw, err)
	}
	dsn, _ := n.Get("dsn")
	return dsn.Parts()
}

func TestADataSourceNameTellsItsDriverAndKeepsItsLogin(t *testing.T) {
	env := map[string]string{
		"PW": "p@s s/w:o?r#d%41'\\&+=", "EMPTY": "", "USER": "a:b@c", "HOST": "db", "PORT": "5433", "DB": "app", "AT": "db:5434",
		"LOGIN": "app:pa:ss@/word", "MODE": "disable", "MORE": "sslmode=disable&application_name=x", "PAIRS": "host=db user=app",
		"URL": "postgres://app:s3cr%2Ft@db/app", "MYURL": "mysql://app:s3cr%2Ft@db/app", "MYDSN": "app:pa:ss@wo/rd@tcp(db:3306)/app", "TCP": "x@tcp(y)/z host=w",
	}
	pw := env["PW"]
	for _, c := range []struct{ raw, name, user, password string }{
		{"postgres://app:${PW}@db/app", "postgres db:5432/app", "app", pw},
		{"postgresql://${USER}:${PW}@${HOST}:${PORT}/${DB}?sslmode=${MODE}", "postgres db:5433/app", "a:b@c", pw},
		{"postgres://${LOGIN}@${AT}/app?${MORE}", "postgres db:5434/app", "app", "pa:ss@/word"},
		{"postgres://app@db/app?password=${PW}&sslmode=disable", "postgres db:5432/app", "app", pw},
		{"postgres://app:${TCP}@db/app", "postgres db:5432/app", "app", env["TCP"]},
		{"postgres://app:${EMPTY}@db/app", "postgres db:5432/app", "app", ""},
		{"${URL}", "postgres db:5432/app", "app", "s3cr/t"},
		{"host=db user=app password=${PW} dbname=x", "postgres db:5432/x", "app", pw},
		{"host=db user=app password='${PW}' dbname=x", "postgres db:5432/x", "app", pw},
		{"password = ${TCP} host=${HOST} port=${PORT} user=${USER} dbname=x", "postgres db:5433/x", "a:b@c", env["TCP"]},
		{"host=db user=app password=${EMPTY} dbname=x", "postgres db:5432/x", "app", ""},
		{"${PAIRS} password=${PW}  dbname=x", "postgres db:5432/x", "app", pw},
		{"app:${PW}@tcp(db:3306)/app", "mysql db:3306/app", "app", pw},
		{"${USER}:${PW}@tcp(${HOST})/${DB}?timeout=1s", "mysql db:3306/app", "a:b@c", pw},
		{"${LOGIN}@tcp(db)/app", "mysql db:3306/app", "app", "pa:ss@/word"},
		{"app:${TCP}@tcp(db)/app", "mysql db:3306/app", "app", env["TCP"]},
		{"${MYDSN}", "mysql db:3306/app", "app", "pa:ss@wo/rd"},
		{"mysql://app:${PW}@db:3307/app?tls=true", "mysql db:3307/app", "app", pw},
		{"mysql://${LOGIN}@${AT}/${DB}", "mysql db:5434/app", "app", "pa:ss@/word"},
		{"${MYURL}", "mysql db:3306/app", "app", "s3cr/t"},
	} {
		d, err := Open("", parts(t, c.raw, env))
		if err != nil {
			t.Errorf("%s: %v", c.raw, err)
			continue
		}
		if d.String() != c.name || d.user() != c.user || d.password() != c.password {
			t.Errorf("%s: %s as %q with %q, want %s as %q with %q", c.raw, d, d.user(), d.password(), c.name, c.user, c.password)
		}
	}
	for raw, want := range map[string]string{
		"app/x":                           "driver",
		"postgres://app:${A}@db:port/app": "no data source name",
		"app:${A}@tcp(db":                 "no data source name",
		"postgres://app:s3cret@db/app":    "${DB_PASSWORD}",
		"postgres://app:${A}@${B}/app":    "has a variable with an @",
		"${C}":                            "%40",
		"${D}":                            "%40",
		"${E}":                            "names a keyword twice",
	} {
		_, err := Open("", parts(t, raw, map[string]string{
			"A": "s3cret", "B": "s3cret@x", "C": "postgres://app:s3@x/cret@db/app", "D": "mysql://app:s3#cret@db/app",
			"E": "host=db password=zz host=s3cret",
		}))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q without the password", raw, err, want)
		}
	}
}

// spellings are how names with a login are written, the password in PW.
var spellings = []string{
	"postgres://app:${PW}@127.0.0.1:9/app?sslmode=disable",
	"postgresql://app@127.0.0.1:9/app?password=${PW}&sslmode=disable",
	"host=127.0.0.1 port=9 user=app password=${PW} dbname=app sslmode=disable",
	"host=127.0.0.1 port=9 user=app dbname=app sslmode=disable password='${PW}'",
	"app:${PW}@tcp(127.0.0.1:9)/app?timeout=1s",
	"mysql://app:${PW}@127.0.0.1:9/app?timeout=1s",
}

func TestAnyPasswordArrivesUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom(nil, &unicode.RangeTable{R16: []unicode.Range16{{Lo: ' ', Hi: '~', Stride: 1}}}),
			rapid.SampledFrom([]rune("é日🔑\u202e\t'\"\\@/:?#%& "))), 1, 40, -1).Draw(t, "password")
		for _, raw := range spellings {
			d, err := Open("", parts(t, raw, map[string]string{"PW": password}))
			if err != nil {
				t.Fatalf("%s with %q: %v", raw, password, err)
			}
			if d.password() != password || d.user() != "app" || !strings.HasSuffix(d.String(), " 127.0.0.1:9/app") {
				t.Fatalf("%s: %s as %q with %q, want %q", raw, d, d.user(), d.password(), password)
			}
		}
	})
}

func TestNoErrorShowsAPieceOfTheLogin(t *testing.T) {
	d, err := Open("", parts(t, "postgres://app:${PW}@db/app", map[string]string{"PW": "s3cr/test"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []error{
		&pgconn.PgError{Code: "28P01", Message: "s3cr/test"},
		&pgconn.PgError{Code: "42601", Message: "near /test or s3cr\nSELECT"},
		&pgconn.PgError{Code: "42501", Message: "xs3crx"},
		&mysql.MySQLError{Number: 1045, Message: "s3cr/test"},
		fmt.Errorf("dial postgres://app:s3cr%%2Ftest@db/app: %w", errors.New("s3cr/t")),
	} {
		text := d.failure(t.Context(), from, limit{"5s", ""}).Error()
		if strings.Contains(text, "s3cr") || strings.Contains(text, "test") || !strings.HasPrefix(text, "postgres db:5432/app: ") {
			t.Errorf("%v became %q", from, text)
		}
	}
}

// TestALimitThatEndedAQueryIsTheOneBlamed: ours for a stage, or the run's.
func TestALimitThatEndedAQueryIsTheOneBlamed(t *testing.T) {
	d, err := Open("", parts(t, "postgres://app:${PW}@db/app", nil))
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no answer within 2s (--timeout)"))
	own := limit{"30s", "raise timeout:"}
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{t.Context(), context.DeadlineExceeded, "no answer within 30s; raise timeout:"},
		{t.Context(), &pgconn.PgError{Code: "57014"}, "no answer within 30s; raise timeout:"},
		{over, context.DeadlineExceeded, "no answer within 2s (--timeout)"},
		{over, fmt.Errorf("x: %w", os.ErrDeadlineExceeded), "no answer within 2s (--timeout)"},
		{over, &mysql.MySQLError{Number: 1317, Message: "interrupted"}, "no answer within 2s (--timeout)"},
		{over, mysql.ErrInvalidConn, "no answer within 2s (--timeout)"},
		{over, &pgconn.PgError{Code: "42601", Message: "syntax"}, "the query was refused: syntax"},
	} {
		if got := d.failure(c.ctx, c.err, own).Error(); got != "postgres db:5432/app: "+c.want {
			t.Errorf("%v: got %s, want %s", c.err, got, c.want)
		}
	}
}

func TestTimesWithoutAZoneBelongToTheConfiguredOne(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	want := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		is   any
		kind string
	}{
		{time.Date(2026, 11, 22, 12, 4, 5, 0, time.UTC), "TIMESTAMP"},
		{want, "TIMESTAMPTZ"},
		{[]byte("2026-11-22 12:04:05"), "DATETIME"},
		{[]byte("2026-11-22 12:04:05.000000"), "DATETIME"},
		{"2026-11-22T03:04:05Z", "TEXT"},
		{"2026-11-22 12:04:05+09", "TEXT"},
		{want.Unix(), "BIGINT"},
		{float64(want.Unix()), "FLOAT8"},
		{fmt.Sprint(want.Unix()), "NUMERIC"},
	} {
		got, err := Value{is: c.is, kind: c.kind, zone: tokyo}.Instant()
		if err != nil || !got.Equal(want) {
			t.Errorf("%s %v: %v, %v; want %v", c.kind, c.is, got, err, want)
		}
	}
	for _, is := range []any{"", "soon", true, 1e300, []byte("0000-00-00 00:00:00")} {
		if got, err := (Value{is: is, zone: tokyo}).Instant(); err == nil {
			t.Errorf("%v: %v, want an error", is, got)
		}
	}
}

func TestOnlyFiniteNumbersCount(t *testing.T) {
	for is, want := range map[any]float64{int64(7): 7, 7.5: 7.5, "12.25": 12.25, int64(-1 << 53): -1 << 53} {
		if got, err := (Value{is: is}).Number(); err != nil || got != want {
			t.Errorf("%v: %v, %v", is, got, err)
		}
	}
	for _, is := range []any{"NaN", "Infinity", "x", true, time.Time{}, int64(1<<53 + 2), 1.7e308, "-1e16"} {
		if got, err := (Value{is: is}).Number(); err == nil {
			t.Errorf("%v: %v, want an error", is, got)
		}
	}
}
