# Everything needs Go only, but for test-all, which installs what it needs.

BIN      := bin
PROGRAMS := ./mackerel-plugin-pipeline-sli ./check-pipeline-freshness
FUZZTIME  ?= 30s
KILLS     ?= 1000
HISTORIES ?= 1000
SOAK      ?= 60m
BASE      ?= HEAD~1

QUICKSTART_AT := 2026-04-15T11:40:12+09:00
QUICKSTART    := TZ=Asia/Tokyo $(BIN)/mackerel-plugin-pipeline-sli --config testdata/quickstart/pipeline-sli.yaml

.PHONY: help quickstart build test test-all race plain kills power network soak soak-agent many histories year history month e2e lint vulnerabilities bench fuzz golden equal pictures check package demo truth box day clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: build ## build, and run the metric plugin over a bundled log with trouble in it
	@printf '\n# A minute of trouble, as mackerel-agent reads it:\n\n'
	$(QUICKSTART) --at $(QUICKSTART_AT)
	@printf '\n# The graphs, as the agent asks for them at its start:\n\n'
	MACKEREL_AGENT_PLUGIN_META=1 $(QUICKSTART)
	@printf '\n# Where the numbers come from:\n\n'
	$(QUICKSTART) --at $(QUICKSTART_AT) explain

build: ## both programs, into bin/; the first time a minute or more, package by package
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build -v -trimpath -ldflags "-s -w" -o $(BIN)/ $(PROGRAMS)

test: ## vet and all tests of the main module: Go only, no network, some minutes
	go vet ./...
	go test -json ./... | go run ./test/summary

test-all: test race plain kills power histories year package e2e lint ## everything: installs what it needs, under 40 minutes on 2 cores

race: ## the tests of what runs in parallel, under the race detector
	go test -race -short ./lib/measure/... ./lib/internal/... ./lib/source/...

plain: ## the log readers without vector code, as on other processors (here: 386)
	if [ "$$(go env GOARCH)" = amd64 ]; then GOARCH=386 go test ./lib/internal/logscan; fi

kills: ## KILLS processes killed at any instant: nothing is lost, nothing counted twice
	PIPELINE_SLI_KILLS=$(KILLS) go test -count=1 -timeout 15m -run 'Kill|Overlapping' ./lib/... ./test/kill/...

power: ## what was committed outlives a power loss, and every system call on the state that fails or is the last
	PIPELINE_SLI_FAULTS=all go test -count=1 -timeout 15m ./test/power

network: ## whatever a server may do, in front of every client: the rest is printed by the deadline, nothing is counted, kept or shown
	@mkdir -p $(BIN)
	PIPELINE_SLI_NETWORK=1 go test -count=1 -timeout 15m -parallel 16 -v -run 'Network|Database|Endless|LeavesNothing' ./test/hostile >$(BIN)/network.log || { grep -B1 -A9 '_test.go.* in:$$' $(BIN)/network.log; exit 1; }
	@grep -E '[0-9]+ runs' $(BIN)/network.log

soak: ## both programs for SOAK, minutes compressed, under load, with rotations and a fault every five minutes: counts equal the truth
	PIPELINE_SLI_SOAK=$(SOAK) go test -count=1 -timeout 0 -v ./test/soak

soak-agent: build ## the real agent with both programs for SOAK: 20,000 lines a second, a rotation every minute, eleven faults; as root
	cd e2e && PIPELINE_SLI_BIN=../$(BIN) PIPELINE_SLI_SOAK=$(SOAK) go test -count=1 -timeout 0 -v -run AgentUnderLoad .

many: ## 200 pipelines over 20,000 files: counts, memory, the deadline
	PIPELINE_SLI_MANY=1 go test -count=1 -timeout 15m -v ./test/many

histories: ## HISTORIES random histories of log files: every line counts once or is said to be lost
	PIPELINE_SLI_HISTORIES=$(HISTORIES) go test -count=1 -timeout 15m -run HistoriesOfFiles ./lib/measure

year: ## a year of traffic: a run costs what it did on the first day, the state is as large as after the first period
	PIPELINE_SLI_YEAR=1 go test -count=1 -timeout 15m -run AYearCosts -v ./test/cases

history: ## a page over a year's simulated history: its time, memory and size; some minutes
	go run ./test/history -days 365 -out $$(mktemp)

e2e: build ## the real mackerel-agent, mkr and servers
	e2e/install.sh --all
	cd e2e && PIPELINE_SLI_BIN=../$(BIN) go test -count=1 -timeout 30m -parallel 8 ./...

lint: ## golangci-lint, as .golangci.yml has it; its version is tools/go.mod's
	go -C tools build -o ../$(BIN)/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	$(BIN)/golangci-lint run ./...

month: ## backtest of 28 days of a thousand requests a minute: seconds and MiB from the sources, the state and a recording, and of twenty settings
	MONTH=1 go test -count=1 -v -run TestAMonth ./lib/backtest

pictures: ## what the READMEs show: the drawing of a pipeline, and the report in a browser
	go run ./docs/gen
	cd e2e && PICTURES=../docs/pictures go test -count=1 -run ThePicturesOfTheREADMEs .

vulnerabilities: ## govulncheck, in tools/go.mod's version; it asks vuln.go.dev for what is known
	go -C tools build -o ../$(BIN)/govulncheck golang.org/x/vuln/cmd/govulncheck
	$(BIN)/govulncheck ./...

bench: ## speed and memory against floors and peers (AXSLOG=…), into docs/performance.md; then Go benchmarks
	go run ./test/bench -write docs/performance.md
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME
	@mkdir -p $(BIN)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package >$(BIN)/fuzz.log 2>&1 || \
				{ grep -q 'context deadline exceeded' $(BIN)/fuzz.log && ! grep -qE 'Failing input|panic:|hung or terminated' $(BIN)/fuzz.log; } || \
				{ cat $(BIN)/fuzz.log; exit 1; }; \
			tail -n 3 $(BIN)/fuzz.log | head -n 1; \
		done; \
	done # Go before 1.27 may end a run at its time with "context deadline exceeded" (go.dev/issue/75804): a finding leaves its input

golden: ## rewrite what is generated and what scripts and documents expect; then look at git diff
	go run ./docs/gen
	go test . -update
	go test ./test/check -run Verdicts -update

equal: ## compare, byte for byte, what both programs say with what they said at BASE
	go run ./test/equal -base $(BASE)

check: lint test golden ## what must hold before a change is sent
	git diff --exit-code

package: ## zips for mkr, deb and rpm for linux, bills of materials, sums, into dist/
	go run ./packaging/release
	go run ./packaging/sums dist

demo: ## an hour of a simulated pipeline with trouble in it, minute by minute
	go run ./truth/cmd/demo

truth: ## judge the suite against simulated pipelines whose truth is known; POSTGRES=DSN adds a store's rows
	go run ./truth/cmd/truth -postgres "$(POSTGRES)"

box: build ## ten minutes of real components with trouble in them, measured and compared with the truth, into docs/box.md
	cd e2e && go run ./box -for 10m -bin ../$(BIN) -out ../docs/box.md

day: ## a day of a load balancer's logs in S3, read by the real program: counts, time, memory
	go run ./test/day

clean: ## remove what was built
	rm -rf $(BIN) dist
