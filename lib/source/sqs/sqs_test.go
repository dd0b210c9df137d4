package sqs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"sqs": New})
}

func TestQueueTellsAgeBacklogAndLimits(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric { return kindtest.Metric("AWS/SQS", name, "QueueName", "jobs.fifo") }
	w.SetQueue("jobs.fifo", map[string]string{"MessageRetentionPeriod": "600"})
	w.PutAgo(of("ApproximateAgeOfOldestMessage"), 0, 60)
	w.PutAgo(of("ApproximateNumberOfMessagesVisible"), 0, 12)
	w.PutAgo(of("ApproximateNumberOfMessagesNotVisible"), 0, 200)
	w.Counted(3, of("NumberOfMessagesSent"))
	w.Counted(2, of("NumberOfMessagesDeleted"))
	w.PutAgo(kindtest.Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "dead"), 0, 4)
	h := w.Read(w.Stage("sqs: {queue: jobs.fifo, dead_letter_queue: dead}"), sli.Ask{}, nil)
	if diff := cmp.Diff([]string{
		"sent: 3", "deleted: 2", "level age: 60", "level backlog: 12", "level dead_letters: 4",
		"level utilisation_retention: 10", "level utilisation_inflight: 1",
	}, h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
}
