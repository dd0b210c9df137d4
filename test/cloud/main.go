// Cloud is a stand-in for CloudWatch in a process of its own, which a test may stop with
// SIGSTOP: then it accepts connections and answers nothing.
//
//	cloud [-for 3h]
//
// It holds a load balancer's counts (app/soak/50dc6c495c0c9188), minute by minute, each readable a minute after its
// end. It prints a line for its address, one for each minute (minute of the epoch, requests, failures) and an empty one.
package main

import (
	"flag"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

func main() {
	span := flag.Duration("for", 3*time.Hour, "how far ahead minutes are held")
	flag.Parse()
	server := cwtest.New(time.Now)
	fmt.Println(server.URL)
	put := func(name string, minute time.Time, n int64) {
		server.PutCounts(cwtest.Metric{Namespace: "AWS/ApplicationELB", Name: name, Dimensions: map[string]string{"LoadBalancer": "app/soak/50dc6c495c0c9188"}},
			minute, minute.Add(2*time.Minute), []float64{1}, []float64{float64(n)})
	}
	now := time.Now()
	for minute := now.Add(-time.Hour).Truncate(time.Minute); minute.Before(now.Add(*span)); minute = minute.Add(time.Minute) {
		m := minute.Unix() / 60
		requests, failures := 1000+m%97, 1+m%7
		put("RequestCount", minute, requests)
		put("HTTPCode_Target_2XX_Count", minute, requests-failures)
		put("HTTPCode_Target_5XX_Count", minute, failures)
		fmt.Println(m, requests, failures)
	}
	fmt.Println()
	select {} // until it is killed
}
