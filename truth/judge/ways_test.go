package judge

import (
	"os"
	"testing"
)

// TestOnePipelineIsMeasuredByEveryMethod reads freshness by every method off the same
// explain: those that say they are exact are, of what they count. JUDGE_PEER_POSTGRES is
// the DSN of a database for the store's rows.
func TestOnePipelineIsMeasuredByEveryMethod(t *testing.T) {
	dsn := os.Getenv("JUDGE_PEER_POSTGRES")
	methods := []string{"records", "stages", "flow", "prover", "traces"}
	if dsn == "" {
		t.Log("rows are left out, not proven here: JUDGE_PEER_POSTGRES is not set")
	} else {
		methods = append(methods, "rows")
	}
	ways, err := ByEveryWay(dsn)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Way{}
	for _, w := range ways.List {
		t.Logf("%s: %d windows, mean error %.2f points of its own, %.2f of every record", w.Method, w.Windows, w.Own.Mean(), w.Every.Mean())
		found[w.Method] = w
	}
	for _, method := range methods {
		if found[method].Own.N < 40 {
			t.Errorf("%s: compared in %d minutes only", method, found[method].Own.N)
		}
	}
	for _, broken := range ways.Broken() {
		t.Error(broken)
	}
}
