package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/kvstest"
)

// TestPublishScripts runs the commands that publish, as a user types them,
// against a key-value store that enforces the rules of its API.
func TestPublishScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/publish",
		Setup: func(env *testscript.Env) error {
			store := kvstest.Start(env.T().(testing.TB))
			server := httptest.NewServer(besideStack(store))
			env.Defer(server.Close)
			env.Values["store"] = store
			for name, value := range map[string]string{
				"USER": "ann", "PATH": filepath.Dir(binary) + string(os.PathListSeparator) + env.Getenv("PATH"),
				"ARN": kvstest.ARN, "AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-west-1",
				"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG", "AWS_EC2_METADATA_DISABLED": "true",
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"store": storeCommand, "products": productsFile},
	})
}

// besideStack answers CloudFormation's DescribeStacks beside the store, for the
// stack shop-edge.
func besideStack(store http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/" {
			store.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/xml")
		if !strings.Contains(string(body), "StackName=shop-edge") || !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/cloudformation/") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop-edge</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
			<Parameters><member><ParameterKey>ApiDomain</ParameterKey><ParameterValue>api.example.com</ParameterValue></member></Parameters>
			<Outputs><member><OutputKey>TableArn</OutputKey><OutputValue>%s</OutputValue></member>
			<member><OutputKey>BehaviorsFingerprint</OutputKey><OutputValue>of-another-day</OutputValue></member></Outputs>
			</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, kvstest.ARN)
	})
}

// storeCommand is "store set KEY VALUE", "store delete KEY", "store deny N" (every
// call after the N-th update is refused), "store mend", and "store dump FILE".
func storeCommand(ts *testscript.TestScript, _ bool, args []string) {
	store := ts.Value("store").(*kvstest.Server)
	switch args[0] {
	case "set":
		store.Set(args[1], args[2])
	case "delete":
		store.Delete(args[1])
	case "deny":
		var n int
		_, err := fmt.Sscan(args[1], &n)
		ts.Check(err)
		before := len(store.Updates())
		store.Fail(func(string, int) kvstest.Fault {
			if len(store.Updates()) >= before+n {
				return kvstest.Deny
			}
			return kvstest.None
		})
	case "mend":
		store.Fail(nil)
	case "dump":
		items := store.Items()
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(items)) {
			fmt.Fprintf(&b, "%s=%s\n", key, items[key])
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
	default:
		ts.Fatalf("unknown: store %s", args[0])
	}
}

// productsFile is "products N FILE": so many products, all flipped.
func productsFile(ts *testscript.TestScript, _ bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[0], &n)
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "rod-%05d: serverless\n", i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

func TestReceipt_OfAFlipOnThisMachine(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"), "--reveal-arm")
	var r struct {
		URL, Arm, Evidence, Visitor string
		Answered                    bool
		Asked                       int
	}
	ask := func(args ...string) {
		require.NoError(t, json.Unmarshal(s.banyan(append([]string{"receipt", "tourney-casting-rod", "--json", "--url", "/shop/rods/tourney-casting-rod"}, args...)...), &r))
		require.True(t, r.Answered)
		require.Equal(t, "x-banyan-arm", r.Evidence)
	}
	ask()
	require.Equal(t, "legacy", r.Arm)
	s.banyan("flip", "tourney-casting-rod", "serverless", "--share", "1%")
	ask()
	require.Equal(t, "serverless", r.Arm)
	require.NotEmpty(t, r.Visitor, "it asked as one of the one in a hundred")
	require.Equal(t, 3, r.Asked)

	_, err := runBanyan("receipt", "tourney-casting-rod", "--url", "/shop/rods/tourney-casting-rod", "--arm", "legacy", "--timeout", "1s", "--data", s.Data)
	require.ErrorContains(t, err, "exit status 1")
	require.ErrorContains(t, err, "the storefront does not answer from that arm yet after 1s")
	require.ErrorContains(t, err, "hint: banyan plan")
	_, err = runBanyan("receipt", "tourney-casting-rod", "--data", s.Data)
	require.ErrorContains(t, err, "exit status 2")
	require.ErrorContains(t, err, "/…/tourney-casting-rod")
	_, err = runBanyan("receipt", "tourney-casting-rod", "--url", "/cart", "--data", s.Data)
	require.ErrorContains(t, err, "is not a page of tourney-casting-rod")
}

func TestFlip_PublishedAtOnceComesWithTheReceipt(t *testing.T) {
	store := kvstest.Start(t)
	asked := 0
	storefront := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++ // the edge hears of it a little later
		arm := "legacy"
		for _, value := range store.Items() {
			if asked > 2 && strings.Contains(value, "|"+strings.TrimPrefix(r.URL.Path, "/p/")+" s|") {
				arm = "serverless"
			}
		}
		w.Header().Set("X-Banyan-Arm", arm)
	}))
	defer storefront.Close()
	dir := t.TempDir()
	config := fmt.Sprintf("storefront: %s\nproducts: {paths: [\"/p/{product}\"]}\nedge: {store: %q}\norigins: {serverless: {url: https://api.example.com}}\n", storefront.URL, kvstest.ARN)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "banyan.yaml"), []byte(config), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "products.yaml"), []byte("muskie-casting-rod: legacy\n"), 0o600))
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
	place := []string{"--data", filepath.Join(dir, "data"), "--config", filepath.Join(dir, "banyan.yaml"), "--endpoint-url", store.URL}

	_, err := runBanyan(append([]string{"publish"}, place...)...)
	require.NoError(t, err)
	out, err := runBanyan(append([]string{"flip", "muskie-casting-rod", "serverless", "--publish"}, place...)...)
	require.NoError(t, err)
	require.Contains(t, string(out), "muskie-casting-rod: legacy → serverless (epoch 2)\npublished epoch 2 (before: 1) and read it back")
	require.Regexp(t, `receipt: http://\S+/p/muskie-casting-rod answers from the serverless arm, after \d+ms \(5 questions, told by x-banyan-arm\)`, string(out))

	out, err = runBanyan(append([]string{"flip", "muskie-casting-rod", "legacy", "--publish", "--json"}, place...)...)
	require.NoError(t, err)
	var flipped struct {
		Epoch     uint64
		Published struct{ Published, Verified bool }
		Receipt   struct{ Answered bool }
	}
	require.NoError(t, json.Unmarshal(out, &flipped))
	require.Equal(t, uint64(3), flipped.Epoch)
	require.True(t, flipped.Published.Published && flipped.Published.Verified && flipped.Receipt.Answered)
}
