//go:build unix

package hostile

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// TestARunLeavesNothingBehind: in one process, runs whose servers hang, break off or never
// end leave no goroutine and no open file once the servers are gone.
func TestARunLeavesNothingBehind(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	pipelines := []string{
		strings.Replace(onAWS, "region: eu-west-1", `region: eu-west-1, endpoint_url: "http://%s"`, 1),
		onHTTP,
		strings.Replace(onSQL, "%q", `"postgres://app@%s/app?sslmode=disable"`, 1),
	}
	watched := make(chan os.Signal, 1) // the first to watch for signals starts what watches ever after
	signal.Notify(watched, syscall.SIGWINCH)
	signal.Stop(watched)
	goroutines, files := runtime.NumGoroutine(), open()
	runs := 0
	t.Run("runs", func(t *testing.T) {
		var all sync.WaitGroup
		few := make(chan bool, 8) // at the same time
		for i, f := range faults("localhost:9") {
			if f.name == "it never takes the connection" { // which net/http goes on asking for, for half a minute
				continue
			}
			if f.scheme != "" || strings.ContainsAny(f.name[:1], "45") {
				continue
			}
			for j, pipeline := range pipelines {
				if os.Getenv(every) == "" && i%len(pipelines) != j {
					continue
				}
				h := newHost(t)
				at := f.listen(t)
				h.config(strings.ReplaceAll(strings.ReplaceAll(pipeline, "%[1]s", at), "%s", at))
				runs++
				few <- true
				all.Go(func() {
					defer func() { <-few }()
					var out bytes.Buffer
					env := cli.Env{
						Context: context.Background(), Args: []string{"--config", h.path("c.yaml"), "--state-dir", h.path("state"), "-t", deadline.String()},
						Getenv: func(string) (string, bool) { return "", false }, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
						Now: time.Now, Zone: time.UTC, UID: os.Getuid(),
					}
					builtin.Into(&env)
					cli.Main(env) // what it says is the other tests' affair
				})
			}
		}
		all.Wait()
	})
	for begun := time.Now(); runtime.NumGoroutine() > goroutines || open() > files; time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) < slack {
			continue
		}
		var dump strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&dump, 1)
		t.Fatalf("%d runs left %d goroutines and %d files:\n%s", runs, runtime.NumGoroutine()-goroutines, open()-files, dump.String())
	}
	t.Logf("%d runs", runs)
}

// open is how many files this process has open; 0 where nobody tells.
func open() int {
	names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", os.Getpid()))
	if err != nil {
		return 0
	}
	return len(names)
}
