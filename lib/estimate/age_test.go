package estimate

import "testing"

func TestAgeGolden(t *testing.T) {
	const many = 600.0
	for _, c := range []struct {
		name   string
		rows   []StageMinute
		oldest float64
		by     AgeBasis
		proven float64
	}{
		{"healthy: largest age and mean work", lineUp(2, calm()), 0.9, AgeByWorker, 0},
		{"nothing arrives", lineUp(1, calm(), 2, idleMinute()), 0, AgeOfNothing, 0},
		// (m − k + 1½)·60 + the last largest age
		{"first silent minute", lineUp(1, calm(), 1, still()), 90*many/(many+1) + 0.5, AgeBySilence, 0},
		{"third silent minute", lineUp(1, calm(), 3, still()), 120 + 90*many/(many+1) + 0.5, AgeBySilence, 120},
		{"silence goes on when arrivals end", lineUp(1, calm(), 1, still(), 2, idleMinute()), 120 + 90*many/(many+1) + 0.5, AgeBySilence, 120},
		{"nothing was owed when the silence began", lineUp(1, calm(), 1, idleMinute(), 2, still()), 60 + 60*many/(many+1), AgeBySilence, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := NewStagePath(calmModel(60), c.rows).Age(len(c.rows) - 1)
			near(t, "oldest", a.Oldest, c.oldest, 1e-9)
			near(t, "proven", a.AtLeast, c.proven, 0)
			if !a.Known || a.By != c.by || a.ByAges.Value != a.Oldest {
				t.Errorf("age %+v", a)
			}
		})
	}
}

func TestOneStragglerIsNoAlarm(t *testing.T) {
	lone, served := still(), calm()
	lone.In, served.In = Some(1), Some(1)
	a := NewStagePath(calmModel(60), lineUp(1, served, 1, lone)).Age(1)
	if a.Oldest > 60 {
		t.Errorf("one record at the end of a minute makes the age %v s", a.Oldest)
	}
}

func TestUnknownMinuteIsNoSilence(t *testing.T) {
	rows := lineUp(1, calm(), 2, still(), 1, StageMinute{}, 2, still())
	p := NewStagePath(calmModel(60), rows)
	if a := p.Age(5); a.Since != 4 || a.Silence != 60 || a.Pending != 1200 {
		t.Errorf("a minute nobody saw may have had an invocation: %+v", a)
	}
	if a := p.Age(3); a.Known || a.Since != -1 {
		t.Errorf("unanswered minute: %+v", a)
	}
}

func TestFilteredMappingIsSilentOnlyWhenItDoesNotPoll(t *testing.T) {
	m := calmModel(60)
	m.HasFilter = true
	polling := still()
	polling.Polled = Some(600)
	absent := still()
	empty := still()
	empty.Polled = Some(0)
	for name, c := range map[string]struct {
		row    StageMinute
		seen   bool
		silent bool
	}{
		"polls and filters":        {polling, true, false},
		"polls nothing":            {empty, false, true},
		"polls absent, seen once":  {absent, true, true},
		"polls absent, never seen": {absent, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			m.PollsCounted = c.seen
			if a := NewStagePath(m, lineUp(1, calm(), 2, c.row)).Age(2); (a.Since >= 0) != c.silent {
				t.Errorf("silent: %v, want %v", a.Since >= 0, c.silent)
			}
		})
	}
}

func TestAgeByCounts(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes = true, 1
	stuck := calm()
	stuck.Done = Some(0) // invoked, and all of it failing
	rows := lineUp(3, calm(), 2, stuck)
	a := NewStagePath(m, rows).Age(4)
	if a.By != AgeByQueue || a.Oldest != 120 || a.ByAges.Value != 0.9 || a.AtLeast != 0 {
		t.Errorf("not anchored: %+v", a)
	}
	rows[0].Empty = true
	if a = NewStagePath(m, rows).Age(4); a.AtLeast != 60 {
		t.Errorf("anchored: %+v", a)
	}
	rows[4].Errors = Some(3)
	if a = NewStagePath(m, rows).Age(4); a.AtLeast != 0 {
		t.Errorf("with errors nothing is proven: %+v", a)
	}
}

func TestExactAgeWins(t *testing.T) {
	row := StageMinute{Answered: true, In: Some(3), Done: Some(0), Oldest: Some(42)}
	a := NewStagePath(StageModel{Threshold: 60, Counted: true}, lineUp(3, row)).Age(2)
	if a.Oldest != 42 || a.By != AgeByRecords || a.AtLeast != 42 || a.Silence != 120 {
		t.Errorf("age %+v", a)
	}
}

func TestNewestVisibleRecord(t *testing.T) {
	rows := lineUp(1, calm(), 2, still())
	rows[0].Age.Min = Some(0.2)
	p := NewStagePath(calmModel(60), rows)
	near(t, "newest", p.Age(0).Newest.Value, 0.2+0.4+60.0/61+0.1, 1e-9)
	near(t, "newest in silence", p.Age(2).Newest.Value, 120.2, 1e-9)
}
