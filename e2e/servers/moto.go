package servers

import (
	"fmt"
	"os"
	"os/exec"
)

// StartMoto starts moto, another party's stand-in for many services of AWS, and returns
// its endpoint. Any credentials do.
func StartMoto(t T) (endpoint string) {
	t.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skipf("SKIPPED, not proven: no moto_server; it is part of the Python package moto[server]")
	}
	port := freePort(t)
	p := account{}.start(t, t.TempDir(), []string{"AWS_EC2_METADATA_DISABLED=true"}, program, "-H", host, "-p", fmt.Sprint(port))
	p.waitReady(t, accepts(port))
	return fmt.Sprintf("http://%s:%d", host, port)
}

// Boto3 returns a Python interpreter that has boto3, or skips the test.
func Boto3(t T) (interpreter string) {
	t.Helper()
	if interpreter = os.Getenv("PIPELINE_SLI_BOTO3_PYTHON"); interpreter == "" {
		interpreter = "python3"
	}
	if err := succeeds(nil, interpreter, "-c", "import boto3")(); err != nil {
		t.Skipf("SKIPPED, not proven: no Python with boto3: %v", err)
	}
	return interpreter
}
