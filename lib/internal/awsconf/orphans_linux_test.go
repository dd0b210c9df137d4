package awsconf

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// left is a script that leaves a process behind as how says, %s being the process, which
// notes who it is.
func left(t *testing.T, how string) (script string, notes string) {
	t.Helper()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid")
	}
	dir := t.TempDir()
	notes = filepath.Join(dir, "notes")
	stay := filepath.Join(dir, "stay")
	if err := os.WriteFile(stay, []byte("#!/bin/sh\ntrap '' TERM HUP\necho $$ >> "+notes+"\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, id := range noted(notes) {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
	})
	wait := "while [ ! -s " + notes + " ]; do sleep 0.01; done\n"
	return strings.ReplaceAll(how, "%s", stay) + "\n" + wait, notes
}

// noted is who the processes are that notes name.
func noted(notes string) (ids []int) {
	text, _ := os.ReadFile(notes)
	for field := range strings.FieldsSeq(string(text)) {
		if id, err := strconv.Atoi(field); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// alive tells whether one of them is there, as long as it takes to die on a busy machine.
func alive(notes string, expected bool) bool {
	for range 500 {
		there := false
		for _, id := range noted(notes) {
			p, ok := processOf(strconv.Itoa(id))
			there = there || ok && !p.zombie
		}
		if there == expected {
			return there
		}
		time.Sleep(10 * time.Millisecond)
	}
	return !expected
}

const (
	inItsGroup    = "%s >/dev/null 2>&1 &"
	withItsPipe   = "setsid %s &"
	aDaemon       = "setsid %s >/dev/null 2>&1 </dev/null &"
	forkedTwice   = "(setsid setsid %s >/dev/null 2>&1 </dev/null &)"
	nobodysChild  = "setsid sh -c 'setsid %s & exit' >/dev/null 2>&1"
	withoutAny    = "env -i /usr/bin/env setsid %s >/dev/null 2>&1 <&- &"
	deafToHangups = "nohup %s >/dev/null 2>&1 &"
	agent         = forkedTwice
)

// TestWhatAHelperLeavesBehind: where it answered well a daemon is its own affair, and what is
// left of it otherwise ends with it; where it didn't everything does.
func TestWhatAHelperLeavesBehind(t *testing.T) {
	for name, c := range map[string]struct {
		how, then string
		lives     bool
	}{
		"well, with a child in its group":            {inItsGroup, answers, false},
		"well, with a child that hears no hangup":    {deafToHangups, answers, false},
		"well, with a child that holds its output":   {withItsPipe, answers, false},
		"well, with a daemon":                        {aDaemon, answers, true},
		"well, with a daemon that was forked twice":  {forkedTwice, answers, true},
		"well, with a daemon of a daemon":            {nobodysChild, answers, true},
		"well, with a daemon of no surroundings":     {withoutAny, answers, true},
		"late, with a child in its group":            {inItsGroup, "sleep 1000", false},
		"late, with a child that hears no hangup":    {deafToHangups, "sleep 1000", false},
		"late, with a child that holds its output":   {withItsPipe, "sleep 1000", false},
		"late, with a daemon":                        {aDaemon, "sleep 1000", false},
		"late, with a daemon that was forked twice":  {forkedTwice, "sleep 1000", false},
		"late, with a daemon of a daemon":            {nobodysChild, "sleep 1000", false},
		"late, with a daemon of no surroundings":     {withoutAny, "trap '' TERM; sleep 1000 & wait", false},
		"failed, with a daemon":                      {aDaemon, "exit 1", false},
		"without credentials, with a daemon":         {forkedTwice, "echo '{}'", false},
		"killed, with a daemon":                      {nobodysChild, "kill -9 $$", false},
		"well, though what it began was ended by it": {aDaemon, "kill -9 $(cat NOTES); " + answers, false},
	} {
		t.Run(name, func(t *testing.T) {
			script, notes := left(t, c.how)
			helper := filepath.Join(t.TempDir(), "helper")
			if err := os.WriteFile(helper, []byte("#!/bin/sh\n"+script+strings.ReplaceAll(c.then, "NOTES", notes)), 0o700); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if strings.HasPrefix(name, "late") {
				go func() {
					alive(notes, true)
					cancel()
				}()
			}
			_, err := runProcess(ctx, helper+" AK t")
			if (err == nil) != strings.HasPrefix(name, "well") {
				t.Errorf("got %v", err)
			}
			if alive(notes, c.lives) != c.lives {
				t.Errorf("what it left lives: %v, want %v", !c.lives, c.lives)
			}
		})
	}
}

// TestAHelperThatFailsEndsNoOthersDaemon that was there before it began.
func TestAHelperThatFailsEndsNoOthersDaemon(t *testing.T) {
	script, notes := left(t, agent)
	dir := t.TempDir()
	for name, text := range map[string]string{"well": script + answers, "fails": "exit 1", "hangs": "sleep 1000"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := runProcess(t.Context(), filepath.Join(dir, "well")+" AK t"); err != nil {
		t.Fatal(err)
	}
	if _, err := runProcess(t.Context(), filepath.Join(dir, "fails")); err == nil {
		t.Error("it didn't fail")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := runProcess(ctx, filepath.Join(dir, "hangs")); err == nil {
		t.Error("it wasn't late")
	}
	if !alive(notes, true) {
		t.Error("a daemon of a helper that answered was ended by another one's failure")
	}
}

// TestHelpersAtTheSameTimeAreOneFamily: while one of them runs nothing ends, and when the last
// has ended, and one failed, everything does.
func TestHelpersAtTheSameTimeAreOneFamily(t *testing.T) {
	script, notes := left(t, agent)
	dir := t.TempDir()
	start, going := filepath.Join(dir, "go"), filepath.Join(dir, "going")
	for name, text := range map[string]string{
		"well":  ": > " + going + "\nwhile [ ! -e " + start + " ]; do sleep 0.01; done\n" + answers,
		"fails": "while [ ! -e " + going + " ]; do sleep 0.01; done\n" + script + "exit 1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := runProcess(t.Context(), filepath.Join(dir, "well")+" AK t"); err != nil {
			t.Error(err)
		}
	})
	if _, err := runProcess(t.Context(), filepath.Join(dir, "fails")); err == nil {
		t.Error("it didn't fail")
	}
	if err := os.WriteFile(start, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if alive(notes, false) {
		t.Error("what a helper that failed had left lives on")
	}
}
