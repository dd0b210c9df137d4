package backtest

import (
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// FuzzList: what is typed behind --set is a path with values, none of them empty, or refused.
func FuzzList(f *testing.F) {
	for _, text := range []string{"slis.latency.threshold=300ms,500ms", "a=[1,2],{b: c,d: e}", `a="x,y",'z'`, "=", "a=", "a=,", "a=]],[", `a="`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseList(text)
		if err != nil {
			return
		}
		if l.Path == "" || len(l.Values) == 0 || len(l.Values) > len(text) {
			t.Errorf("%q is %+v", text, l)
		}
		for _, v := range l.Values {
			if v == "" || !strings.Contains(text, v) {
				t.Errorf("%q holds %q", text, v)
			}
		}
	})
}

// FuzzDrill: what is typed behind --drill is a drill of bounds or refused.
func FuzzDrill(f *testing.F) {
	for _, text := range []string{"errors=20%@2026-03-02 12:00,10m", "slow=5x@2026-03-02T12:00:00Z,1h", "lost=NaN%@2026-03-02 12:00,10m", "slow=1e400x@2026-03-02 12:00,10m", "consumer-stop@2026-03-02 12:00,9999999h", "front-stop=1@,", "@,", "slow=0x1p-2x@2026-03-02 12:00,1m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDrill(text, func(text string) (time.Time, error) { return config.ParseTime(text, time.UTC) }, func(text string) (time.Duration, error) {
			d, err := section.ParseDuration(text)
			return time.Duration(d), err
		})
		if err != nil {
			return
		}
		if !(d.Share >= 0 && d.Share <= 1) || !(d.Times >= 0 && d.Times <= 1e6) || d.For < time.Minute || d.minutes().To <= d.minutes().From {
			t.Errorf("%q is %+v", text, d)
		}
	})
}
