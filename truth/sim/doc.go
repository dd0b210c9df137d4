// Package sim simulates a pipeline whose truth is known.
//
// Users write; a front answers and logs; a sharded stream holds the records;
// a worker reads them in batches; a store shows the results. Everything runs
// in virtual time, is decided by one seed, and is kept record by record, so
// that for every number a measuring program prints there is a true one.
//
//	Scenario ─► Run ─► World ─┬─► AccessLog, FrontLog, WorkerLog, BatchLog
//	                          ├─► Points, Series (CloudWatch), Traces, Row, Rows
//	                          └─► Availability, Freshness…, Coverage, Age, Flow (truth)
//
// The left column is what the real world would show, when it would show it;
// the last line is what really happened. Nothing here reads a clock, a file
// or the network.
package sim
