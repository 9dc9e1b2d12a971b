# Every task of the project. "make" alone lists them.
SHELL := /bin/bash
GO    ?= go
GOFLAGS_RELEASE := -trimpath -ldflags='-s -w'
LAMBDA_FLAGS    := -tags lambda.norpc,nofolder $(GOFLAGS_RELEASE)
FUZZTIME ?= 20s
export CGO_ENABLED ?= 0
# Debian keeps PostgreSQL's server programs off the PATH; the tests start their own server.
export PATH := $(PATH):$(lastword $(sort $(wildcard /usr/lib/postgresql/*/bin)))

.DEFAULT_GOAL := help
.PHONY: help demo build lambda test test-deps test-equal test-faults test-evershop lint lint-nag check fuzz sale k6 loadtest bench bench-orders bench-edge bench-startup golden clean

help: ## list the tasks
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## build bin/banyan and run a storefront with Banyan in front of it
	bin/banyan up --data data

build: ## build bin/banyan
	$(GO) build $(GOFLAGS_RELEASE) -o bin/banyan ./cmd/banyan

lambda: ## build both Lambda entries for provided.al2023, arm64 and amd64
	@for arch in arm64 amd64; do \
	  for part in api legacy-adapter; do \
	    echo "bin/lambda/$$part-$$arch/bootstrap"; \
	    GOOS=linux GOARCH=$$arch $(GO) build $(LAMBDA_FLAGS) -o bin/lambda/$$part-$$arch/bootstrap ./$$part/cmd/lambda || exit 1; \
	  done; \
	done

test: test-deps ## run all tests (installs what they need), and say what was skipped and why
	@CGO_ENABLED=1 .ci/test -race -shuffle=on -timeout 15m ./...

test-deps: ## install what the tests need: a C compiler for -race, PostgreSQL, Chromium
	@.ci/test-deps

test-equal: test-deps ## a million requests through the compiled CloudFront function and the table
	EQUAL_REQUESTS=$${EQUAL_REQUESTS:-1000000} $(GO) test -count=1 -timeout 60m -v -run '^TestFunction_DecidesAsTheTableDoes' ./edge/cloudfront

test-faults: test-deps ## kill, pause, cut and fill everything for some minutes, and count the orders
	.ci/test-faults

test-evershop: test-deps ## put Banyan in front of a real EverShop and compare (needs ../shared/evershop)
	.ci/test-evershop

lint: ## gofmt, go vet, staticcheck, cfn-lint
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@.ci/lint-templates

lint-nag: ## hold cdk-nag's findings about the stacks against cloudformation/NAG.md
	@.ci/lint-nag

check: lint test ## what CI runs

fuzz: ## fuzz every parser for FUZZTIME (20s) each
	@.ci/fuzz $(FUZZTIME)

sale: build ## rehearse a flash sale on this machine and write sale.html (under five minutes)
	bin/banyan sale

k6: ## build k6 into the user's cache (some minutes, once)
	@.ci/k6

loadtest: test-deps ## play every k6 scenario and look up every order (four minutes; SCENARIO=, FOR=, P99=, FLAGS=)
	@.ci/loadtest

bench: ## print the table of benchmarks (benchstat-friendly)
	@.ci/bench

bench-orders: test-deps ## orders accepted and drained, beside the legacy shop, River and pgbench
	.ci/bench-orders

bench-edge: ## the edge beside nginx, HAProxy and Caddy; writes loadtest/edge/RESULTS.md (about an hour)
	.ci/bench-edge

bench-startup: ## how long the Lambda entries take to start, beside a hello-world function
	$(GO) test -run '^$$' -bench Startup ./loadtest/startup

golden: ## rewrite the golden files of the tests
	$(GO) test ./edge/route/... -run Golden -update
	$(GO) test ./edge/cloudfront -run 'Golden|Work' -update

clean: ## remove what was built (the demo's data folder stays)
	rm -rf bin
