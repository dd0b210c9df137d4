package athena

import (
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// text is a literal.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// name is an identifier; what is not one can't be configured.
func name(s string) string { return `"` + s + `"` }

// file is the name of the file that a row is from.
const file = `"$path"`

const (
	// instant is how a load balancer writes times: always in UTC.
	instant    = `'^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]([.][0-9]+)?Z$'`
	minuteForm = "2006-01-02T15:04"
	// nanos is how long a request took, null where a phase is -1 or not known. A phase is
	// a decimal of at most 9 places, which rounding finds again in the binary fraction.
	nanos = `CASE WHEN "request_processing_time" BETWEEN 0 AND 1e9 AND "target_processing_time" BETWEEN 0 AND 1e9 AND "response_processing_time" BETWEEN 0 AND 1e9` +
		` THEN CAST(round("request_processing_time" * 1e9) AS bigint) + CAST(round("target_processing_time" * 1e9) AS bigint) + CAST(round("response_processing_time" * 1e9) AS bigint) END`
	// connection is whether a row is a WebSocket's, whose duration is its life.
	connection = `coalesce("type" IN ('ws', 'wss'), false)`
	// buckets are 1/128 of an e-fold wide: 0.8 %.
	bucket = `CASE WHEN nanos > 0 THEN CAST(floor(ln(nanos) * 128) AS bigint) WHEN nanos = 0 THEN -1 END`
)

// The columns of an answer.
const (
	colMinute   = iota // 2026-11-22T12:00; null for rows that can't be read
	colWanted          // whether `where` may want them
	colStatus          // null where not wanted
	colMethod          //
	colLived           // whether they are connections that outlived their requests; null where not wanted
	colBegun           // when a request came whose client went away, where its duration isn't known
	colFile            // of rows that can't be read
	colCount           // of rows
	colNewest          // the last time among them
	colShortest        // in nanoseconds, null where not known
	colLongest         //
	colTotal           //
	columns
	colAsked = columns // of these rows, how many where was asked of; only where it says something
	colSeen  = columns + 1
)

// mostRows bounds an answer, and the memory that one takes.
const mostRows = 50_000

// others are the requests that aren't the pipeline's own.
var others = fmt.Sprintf(`NOT coalesce(substr("user_agent", 1, %d) = %s, false)`, len(sli.ProverMarker), text(sli.ProverMarker))

// query counts the requests of some minutes. Requests are grouped by the side of every
// edge that they lie on, so that counts below an edge are exact.
func (s *Source) query(w sli.Window, edges []time.Duration) string {
	wanted := append([]string{others}, s.where.there...)
	of, carried, told := s.where.seen()
	from := []string{fmt.Sprintf(`("time" >= %s AND "time" < %s OR "time" IS NULL OR NOT regexp_like("time", %s))`,
		text(w.Start().Format(minuteForm)), text(w.End().Format(minuteForm)), instant)}
	for _, more := range []string{s.inPartitions(w), s.inFiles(w)} {
		if more != "" {
			from = append(from, more)
		}
	}
	within, groups := "", ""
	for i, e := range edges {
		within += fmt.Sprintf(", nanos <= %d AS within_%d", e.Nanoseconds(), i)
		groups += fmt.Sprintf(", within_%d", i)
	}
	within += carried
	return `WITH line AS (
SELECT CASE WHEN regexp_like("time", ` + instant + `) THEN "time" END AS instant, ` + file + ` AS file,
CAST("elb_status_code" AS varchar) AS status, "request_verb" AS method, ` + connection + ` AS lived, ` + nanos + ` AS nanos,
CASE WHEN CAST("elb_status_code" AS varchar) IN ('460', '499') THEN "request_creation_time" END AS came,
` + strings.Join(wanted, " AND ") + ` AS wanted` + of + `
FROM ` + name(s.options.Database) + "." + name(s.options.Table) + `
WHERE ` + strings.Join(from, " AND ") + `
), request AS (
SELECT instant, instant IS NOT NULL AND wanted AS wanted, CASE WHEN instant IS NULL THEN file END AS file,
CASE WHEN wanted THEN status END AS status, CASE WHEN wanted THEN method END AS method, CASE WHEN wanted THEN lived END AS lived, CASE WHEN wanted THEN nanos END AS nanos,
CASE WHEN wanted AND nanos IS NULL THEN came END AS begun` + carried + `
FROM line
), placed AS (
SELECT substr(instant, 1, 16) AS minute, instant, wanted, status, method, lived, begun, file, nanos, ` + bucket + ` AS bucket` + within + `
FROM request
)
SELECT minute, wanted, status, method, lived, begun, file, count(*) AS requests, max(instant) AS newest,
min(nanos) AS shortest, max(nanos) AS longest, sum(CAST(nanos AS double precision)) AS total` + told + `
FROM placed
GROUP BY minute, wanted, status, method, lived, begun, file, bucket` + groups + `
LIMIT ` + fmt.Sprint(s.most+1)
}
