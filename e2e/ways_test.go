package e2e

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// TestOnePipelineIsMeasuredByEveryMethod runs the judge's comparison of methods with the store's rows in a real database.
func TestOnePipelineIsMeasuredByEveryMethod(t *testing.T) {
	postgres := servers.StartPostgreSQL(t)
	dsn := url.URL{Scheme: "postgres", User: url.UserPassword(servers.User, servers.Password), Host: fmt.Sprintf("127.0.0.1:%d", postgres.Port),
		Path: servers.Database, RawQuery: "sslmode=disable"}
	command := exec.Command("go", "test", "-count=1", "-v", "-run", "^TestOnePipelineIsMeasuredByEveryMethod$", "./truth/judge")
	command.Dir = ".."
	command.Env = append(os.Environ(), "JUDGE_PEER_POSTGRES="+dsn.String())
	out, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("rows: ")) {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
