package applog

import (
	"fmt"
	"os"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
)

func TestConformance(t *testing.T) {
	for name, section := range map[string]string{
		"records": worker,
		"default": "path: PATH",
		"batches": "path: PATH\nevents: [{signals: {received: in, done: out}}]",
		"reports": "path: PATH\nformat: report",
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sourcetest.World {
				path := write(t, "")
				begin := now.Add(-30 * time.Minute)
				grow := func(minutes int) time.Time {
					f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					for range minutes * 4 {
						begin = begin.Add(15 * time.Second)
						at := begin.Format(time.RFC3339)
						fmt.Fprintf(f, `{"ts":"%[1]s","time":"%[1]s","msg":"done","in":3,"out":2,"rec":{"id":"%[1]s","accepted_at":"%[1]s"}}`+"\n", at)
						fmt.Fprintf(f, `{"time":"%[1]s","ts":"%[1]s","in":0,"out":0,"type":"platform.report","record":{"requestId":"%[1]s","metrics":{"durationMs":2}}}`+"\n", at)
					}
					return begin.Add(time.Minute)
				}
				return sourcetest.World{Source: configured(t, section, path), Now: grow(5),
					Later: func() time.Time { return grow(3) }, Break: func() { os.Remove(path) }}
			})
		})
	}
}
