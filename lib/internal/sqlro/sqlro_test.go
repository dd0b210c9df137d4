package sqlro

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
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
		if got := LiteralPassword(raw); got != literal {
			t.Errorf("%s: literal %v, want %v", raw, got, literal)
		}
	}
}

func TestADataSourceNameTellsItsDriverAndKeepsItsLogin(t *testing.T) {
	for _, c := range []struct{ dsn, raw, name, password string }{
		{"postgres://app:s3cr%2Ft@db/app", "postgres://app:${PW}@db/app", "postgres db:5432/app", "s3cr/t"},
		{"postgres://app:pass word/1@db:1/app", "postgres://app:${PW}@db:1/app", "postgres db:1/app", "pass word/1"},
		{"postgresql://app:a#b?c@db/app", "postgresql://app:${PW}@db/app", "postgres db:5432/app", "a#b?c"},
		{"host=db user=app password=s3crt dbname=x", "host=db user=app password=${PW} dbname=x", "postgres db:5432/x", "s3crt"},
		{"app:pa:ss@wo/rd@tcp(db:3306)/app", "app:${PW}@tcp(db:3306)/app", "mysql db:3306/app", "pa:ss@wo/rd"},
		{"mysql://app:pass word/1@db:3307/app?tls=true", "mysql://app:${PW}@db:3307/app?tls=true", "mysql db:3307/app", "pass word/1"},
	} {
		d, err := Open("", c.dsn, c.raw)
		if err != nil {
			t.Errorf("%s: %v", c.raw, err)
			continue
		}
		if d.String() != c.name || d.password() != c.password {
			t.Errorf("%s: %s with %q, want %s with %q", c.raw, d, d.password(), c.name, c.password)
		}
	}
	for _, c := range []struct{ dsn, raw, want string }{
		{"app/x", "app/x", "driver"},
		{"postgres://app:s3cret@db:port/app", "postgres://app:${PW}@db:port/app", "no data source name"},
		{"app:s3cret@tcp(db", "app:${PW}@tcp(db", "no data source name"},
		{"postgres://app:s3cret@db/app", "postgres://app:s3cret@db/app", "${DB_PASSWORD}"},
	} {
		_, err := Open("", c.dsn, c.raw)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q without the password", c.raw, err, c.want)
		}
	}
}

func TestNoErrorShowsTheLogin(t *testing.T) {
	d, err := Open("", "postgres://app:s3cr%2Ft@db/app", "postgres://app:${PW}@db/app")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []error{
		&pgconn.PgError{Code: "28P01", Message: "s3cr/t"},
		&pgconn.PgError{Code: "42601", Message: "near s3cr/t or s3cr%2Ft\nSELECT"},
		&mysql.MySQLError{Number: 1045, Message: "s3cr/t"},
		fmt.Errorf("dial postgres://app:s3cr%%2Ft@db/app: %w", errors.New("s3cr/t")),
	} {
		text := d.failure(from, "5s").Error()
		if strings.Contains(text, "s3cr") || strings.Contains(text, "\n") || !strings.HasPrefix(text, "postgres db:5432/app: ") {
			t.Errorf("%v became %q", from, text)
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
	for is, want := range map[any]float64{int64(7): 7, 7.5: 7.5, "12.25": 12.25} {
		if got, err := (Value{is: is}).Number(); err != nil || got != want {
			t.Errorf("%v: %v, %v", is, got, err)
		}
	}
	for _, is := range []any{"NaN", "Infinity", "x", true, time.Time{}} {
		if got, err := (Value{is: is}).Number(); err == nil {
			t.Errorf("%v: %v, want an error", is, got)
		}
	}
}
