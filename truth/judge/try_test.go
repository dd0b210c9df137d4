package judge

import (
	"fmt"
	"testing"
)

func TestTryVerdicts(t *testing.T) {
	for _, tr := range Troubles()[:10] {
		f, err := Verdicts("x", AppLogs, tr)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range f.Compared {
			fmt.Println(tr.Script, c.SLI, c.Minutes, c.Events, c.Error.Mean(), c.Error.Worst, "wrong", c.Wrong, c.First)
		}
	}
}
