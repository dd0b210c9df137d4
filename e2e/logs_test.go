package e2e

import (
	"fmt"
	"testing"
	"time"
)

// batch is a call that puts n requests into a stream, one a millisecond from a time on;
// every tenth has failed.
func batch(group, stream string, from time.Time, n int) call {
	var events []map[string]any
	for i := range n {
		status := 200
		if i%10 == 0 {
			status = 500
		}
		at := from.Add(time.Duration(i) * time.Millisecond)
		events = append(events, map[string]any{"timestamp": at.UnixMilli(),
			"message": fmt.Sprintf(`{"time":"%s","method":"GET","status":%d,"request_time":0.1}`, at.UTC().Format(time.RFC3339Nano), status)})
	}
	return call{"logs", "put_log_events", map[string]any{"logGroupName": group, "logStreamName": stream, "logEvents": events}}
}

func stream(group, name string) call {
	return call{"logs", "create_log_stream", map[string]any{"logGroupName": group, "logStreamName": name}}
}

// Events come to three streams in any order, late ones too; the group beside them must not
// be read. (moto takes no notice of a prefix of streams.)
func TestALogGroupOfAnotherPartyIsReadExactlyOnce(t *testing.T) {
	c := startCloud(t)
	const stage = `{ cloudwatch_logs: /web, format: json, settle: 0s, start: beginning }`
	begin := time.Now().Truncate(time.Minute).Add(-4 * time.Minute)
	c.do(call{"logs", "create_log_group", map[string]any{"logGroupName": "/web"}}, stream("/web", "front/1"), stream("/web", "front/2"),
		call{"logs", "create_log_group", map[string]any{"logGroupName": "/web2"}}, stream("/web2", "front/1"),
		batch("/web2", "front/1", begin.Add(time.Minute), 500),
		batch("/web", "front/1", begin.Add(-30*time.Second), 10), // in the minute that the log begins in
		batch("/web", "front/1", begin.Add(90*time.Second), 100))
	want := 100.0
	expect := func(what string) {
		t.Helper()
		c.run(stage)
		if valid, good := c.booked(stage, begin, begin.Add(3*time.Minute)); valid != want || good != want*9/10 {
			t.Errorf("%s: %v of %v requests are good, want %v of %v", what, good, valid, want*9/10, want)
		}
	}
	expect("first run")
	expect("nothing new")
	c.do(batch("/web", "front/2", begin.Add(80*time.Second), 200), batch("/web", "front/2", begin.Add(40*time.Second), 30))
	want += 230
	expect("late ones in another stream")
	c.do(stream("/web", "front/3"), batch("/web", "front/3", begin.Add(100*time.Second), 9000), batch("/web", "front/1", begin.Add(101*time.Second), 9000))
	want += 18_000
	expect("more than a page, at the same times as others")
	expect("nothing new again")
	if x := c.all(stage); x.Stages[0].Source.Lines != want+10 || x.Stages[0].Source.Parsed != want+10 || x.SLIs[0].Valid != want+10 {
		t.Errorf("all there is: %+v, want %v", x, want+10)
	}
}
