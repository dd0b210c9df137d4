package cwtest

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// bucketOf gathers values one by one.
func bucketOf(values ...float64) *bucket {
	b := newBucket()
	for _, v := range values {
		b.add(datum{samples: []sample{{value: v, count: 1}}})
	}
	return b
}

func statisticOf(t testing.TB, name string, b *bucket) (float64, bool) {
	t.Helper()
	st, err := parseStatistic(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.value(b)
}

func TestStatisticsByHand(t *testing.T) {
	ten := []float64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	cases := []struct {
		name   string
		values []float64
		want   float64
	}{
		{"p0", ten, 10}, {"p10", ten, 10}, {"p10.1", ten, 20}, {"p50", ten, 50}, {"p90", ten, 90}, {"p99", ten, 100}, {"p100", ten, 100},
		{"TC(:30)", ten, 3}, {"TC(30:)", ten, 7}, {"TC(30:50)", ten, 2}, {"TC(100:)", ten, 0}, {"TC(:9.99)", ten, 0},
		{"TS(:30)", ten, 60}, {"TS(30:50)", ten, 90}, {"TM(30:50)", ten, 45}, {"PR(:30)", ten, 30}, {"PR(30:)", ten, 70}, {"PR(30:50)", ten, 20},
		{"tc90", ten, 9}, {"TC(:90%)", ten, 9}, {"TC(10%:90%)", ten, 8}, {"TC(90%:)", ten, 1}, {"ts20", ten, 30}, {"tm20", ten, 15},
		{"TM(25%:75%)", ten, 55}, {"IQM", ten, 55}, {"TM(10%:90%)", []float64{7}, 7}, {"tm99", []float64{5, 5, 5}, 5},
		{"wm90", ten, 54}, {"WM(20:90)", ten, 55}, {"WM(:50)", ten, 40}, {"WM(50:)", ten, 65},
		{"TC(:0.3)", []float64{0.1, 0.3, 0.30000000000000004}, 2},
	}
	for _, c := range cases {
		if got, ok := statisticOf(t, c.name, bucketOf(c.values...)); !ok || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s of %v = %v %v, want %v", c.name, c.values, got, ok, c.want)
		}
	}
}

func TestATrimmedMeanOfNothingIsAbsent(t *testing.T) {
	if v, ok := statisticOf(t, "TM(:5)", bucketOf(6, 7)); ok {
		t.Errorf("got %v", v)
	}
}

func TestUnknownStatistics(t *testing.T) {
	for _, name := range []string{
		"", "sum", "Count", "p", "p101", "P99", "p-1", "p1e1", "p100.1", "TM99", "tm", "tm101", "pr5", "IQM50",
		"TC(:)", "TC(%:)", "TC(5)", "TC(5:5)", "TC(6:5)", "TC(10%:20)", "TC(:101%)", "TC(:-1)", "TC(:1e-5)", "TC(:.5)",
		"PR(:50%)", "PR(10%:)", "tc(:5)", "Sum ", "TC(:5", "p99\n",
	} {
		if st, err := parseStatistic(name); err == nil {
			t.Errorf("%q is read as %+v", name, st)
		}
	}
}

// minute draws the values of a minute: few distinct ones, so that they tie, and
// multiples of 1/8, so that sums are exact.
func minute() *rapid.Generator[[]float64] {
	return rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 40), func(n int) float64 { return float64(n) / 8 }), 1, 60)
}

var eighths = []string{"0.5", "1", "1.125", "2", "2.5", "4.875", "5", "6"}

func TestStatisticsAgreeWithANaiveComputation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := minute().Draw(t, "values")
		sorted := slices.Sorted(slices.Values(values))
		n := float64(len(values))
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		percent := rapid.IntRange(1, 100).Draw(t, "percent")
		nearest := sorted[(percent*len(values)+99)/100-1]
		want := map[string]float64{
			"SampleCount": n, "Sum": sum, "Average": sum / n, "Minimum": sorted[0], "Maximum": sorted[len(sorted)-1],
			"p" + strconv.Itoa(percent): nearest, "tc" + strconv.Itoa(percent): math.Ceil(float64(percent) * n / 100),
		}
		for _, edge := range eighths {
			var count, total, clamped float64
			limit, err := strconv.ParseFloat(edge, 64)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				if v <= limit {
					count++
					total += v
				}
				clamped += math.Min(v, limit)
			}
			want["TC(:"+edge+")"], want["TS(:"+edge+")"] = count, total
			want["PR(:"+edge+")"], want["WM(:"+edge+")"] = 100*count/n, clamped/n
		}
		for name, w := range want {
			if got, ok := valueOf(t, name, values); !ok || got != w {
				t.Fatalf("%s of %v = %v %v, want %v", name, values, got, ok, w)
			}
		}
	})
}

func TestCountsBelowAndAboveAnEdgeAreAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, edge := minute().Draw(t, "values"), rapid.SampledFrom(eighths).Draw(t, "edge")
		below, _ := valueOf(t, "TC(:"+edge+")", values)
		above, _ := valueOf(t, "TC("+edge+":)", values)
		if all, _ := valueOf(t, "SampleCount", values); below+above != all {
			t.Fatalf("TC(:%s) %v + TC(%s:) %v, SampleCount %v", edge, below, edge, above, all)
		}
	})
}

func TestCountsAndSumsAddOverMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, two := minute().Draw(t, "one"), minute().Draw(t, "two")
		edge := rapid.SampledFrom(eighths).Draw(t, "edge")
		for _, name := range []string{"SampleCount", "Sum", "TC(:" + edge + ")", "TC(" + edge + ":)", "TS(:" + edge + ")"} {
			a, _ := valueOf(t, name, one)
			b, _ := valueOf(t, name, two)
			if both, _ := valueOf(t, name, slices.Concat(one, two)); both != a+b {
				t.Fatalf("%s: %v + %v, together %v", name, a, b, both)
			}
		}
	})
}

func TestCountedValuesAreRepeatedValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := minute().Draw(t, "values")
		counts := map[float64]float64{}
		for _, v := range values {
			counts[v]++
		}
		counted := newBucket()
		for v, n := range counts {
			counted.add(datum{samples: []sample{{value: v, count: n}}})
		}
		for _, name := range []string{"SampleCount", "Sum", "p50", "p99", "tm90", "TC(10%:90%)", "WM(10%:90%)", "TS(1:2)", "PR(:2)"} {
			st, err := parseStatistic(name)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := st.value(counted)
			if want, _ := valueOf(t, name, values); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s: counted %v, one by one %v", name, got, want)
			}
		}
	})
}

func FuzzParseStatistic(f *testing.F) {
	for _, name := range []string{"p99.9", "TC(:0.5)", "WM(10%:90%)", "IQM", "tm99", "PR(1:2)"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		st, err := parseStatistic(name)
		if err != nil {
			return
		}
		if v, ok := st.value(bucketOf(1, 2, 3)); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%q = %v", name, v)
		}
	})
}

func valueOf(t *rapid.T, name string, values []float64) (float64, bool) {
	st, err := parseStatistic(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.value(bucketOf(values...))
}
