package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// load puts a sample's rows into a table of text, and gives what is known of it.
func (d database) load(t *testing.T, table string) (truth struct {
	Rows       float64
	Methods    map[string]float64 `json:"payment_method"`
	Columns    map[string]struct{ Distinct float64 }
	ZeroAmount float64 `json:"zero_amount"`
}) {
	t.Helper()
	dir := os.Getenv("PIPELINE_SLI_SAMPLES")
	if dir == "" {
		dir = "../../shared/samples"
	}
	path := filepath.Join(dir, "sql", "jaffle_shop-raw_"+table+".csv")
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("no samples: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path + ".truth.json")
	if err == nil {
		err = json.Unmarshal(text, &truth)
	}
	if err != nil {
		t.Fatal(err)
	}
	var sql strings.Builder
	fmt.Fprintf(&sql, "CREATE TABLE %s (%s VARCHAR(40));\n", table, strings.Join(rows[0], " VARCHAR(40), "))
	for _, row := range rows[1:] {
		quoted := slices.Clone(row)
		for i, v := range quoted {
			quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		fmt.Fprintf(&sql, "INSERT INTO %s VALUES (%s);\n", table, strings.Join(quoted, ", "))
	}
	d.Exec(t, sql.String())
	return truth
}

// Rows that are counted by a query, in one table and over two.
func TestSQLSamplesCountAsTheirTruthSays(t *testing.T) {
	for _, d := range startDatabases(t) {
		t.Run(d.name, func(t *testing.T) {
			payments, customers := d.load(t, "payments"), d.load(t, "customers")
			for _, c := range []struct {
				query       string
				good, valid float64
			}{
				{"SELECT SUM(CASE WHEN payment_method = 'credit_card' THEN 1 ELSE 0 END) AS fresh, COUNT(*) AS total FROM payments", payments.Methods["credit_card"], payments.Rows},
				{"SELECT SUM(CASE WHEN amount = '0' THEN 0 ELSE 1 END) AS fresh, COUNT(*) AS total FROM payments", payments.Rows - payments.ZeroAmount, payments.Rows},
				{"SELECT COUNT(DISTINCT order_id) AS fresh, COUNT(*) AS total FROM payments", payments.Columns["order_id"].Distinct, payments.Rows},
				{"SELECT COUNT(DISTINCT first_name) AS fresh, COUNT(*) AS total FROM customers", customers.Columns["first_name"].Distinct, customers.Rows},
			} {
				x := d.explain(t, c.query, "", freshness).Pipelines[0]
				if s := x.SLIs[0]; s.Method != "rows" || s.Status != "value" || s.Good != c.good || s.Valid != c.valid || c.valid == 0 {
					t.Errorf("%s: %+v, want %v of %v", c.query, s, c.good, c.valid)
				}
			}
		})
	}
}
