//go:build unix

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// service is a video service: users post, a worker makes visible. It has quiet nights,
// slow evenings, a deploy that answers 503, and now and then a worker that hangs.
type service struct {
	dir     string
	begins  time.Time
	next    time.Time // request
	id      int
	rand    *rand.Rand
	pending []line    // of the worker, not written yet
	trouble time.Time // when the worker hung last
}

type line struct {
	at   time.Time
	text string
}

func newService(dir string, begins time.Time) *service {
	return &service{dir: dir, begins: begins, next: begins, rand: rand.New(rand.NewPCG(2026, 4))}
}

// write goes on up to now.
func (s *service) write(now time.Time) error {
	var front []byte
	for ; s.next.Before(now); s.id++ {
		at := s.next
		hour, day := float64(at.In(zone).Hour())+float64(at.Minute())/60, int(at.Sub(s.begins)/(24*time.Hour))
		rate := 0.01 + 0.015*(1-math.Cos((hour-4)/12*math.Pi)) // requests a second; at four in the night they sleep
		s.next = at.Add(time.Duration(s.rand.ExpFloat64() / rate * float64(time.Second)))
		status, took := 201, 0.03+0.05*s.rand.ExpFloat64()
		if s.rand.IntN(9000) == 0 || day%9 == 4 && 14 < hour && hour < 14.1 && s.rand.IntN(3) == 0 {
			status = 503
		}
		front = fmt.Appendf(front, `{"time":%q,"method":"POST","uri":"/videos","status":%d,"request_time":%.3f,"id":"v%d"}`+"\n", at.Format(stamp), status, took, s.id)
		if status != 201 || s.rand.IntN(4000) == 0 {
			continue
		}
		wait := 1 + 4*s.rand.ExpFloat64()
		if 19 < hour && hour < 22 {
			wait += 12 * s.rand.ExpFloat64()
		}
		if hangs := day%9 == 6 && 10 < hour && hour < 10.3; hangs {
			wait += (10.4 - hour) * 3600
			s.trouble = at
		}
		visible := at.Add(time.Duration(wait * float64(time.Second)))
		s.pending = append(s.pending, line{visible, fmt.Sprintf(`{"ts":%q,"msg":"done","id":"v%d","accepted_at":%q}`+"\n", visible.Format(stamp), s.id, at.Format(stamp))})
	}
	slices.SortFunc(s.pending, func(a, b line) int { return a.at.Compare(b.at) })
	var worker []byte
	n := 0
	for ; n < len(s.pending) && s.pending[n].at.Before(now); n++ {
		worker = append(worker, s.pending[n].text...)
	}
	s.pending = s.pending[n:]
	return s.log("front.json", front, "worker.json", worker)
}

const stamp = "2006-01-02T15:04:05.000Z07:00"

// log appends to both logs. A day's is one file, as logrotate makes them.
func (s *service) log(front string, a []byte, worker string, b []byte) error {
	for _, of := range []struct {
		name string
		text []byte
	}{{front, a}, {worker, b}} {
		name := filepath.Join(s.dir, of.name)
		if info, err := os.Stat(name); err == nil && info.Size() > 1<<20 {
			if err := os.Rename(name, name+".1"); err != nil {
				return err
			}
		}
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := f.Write(of.text); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
