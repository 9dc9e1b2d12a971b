package cloudformation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/cloudformation"
)

// guardPackage holds a static cfn-guard 3.1.1 among its files.
const guardPackage = "@cdklabs/cdk-validator-cfnguard@0.0.62"

// guard returns cfn-guard: the one on PATH, or else the package's, which is
// installed into the user's cache folder, once. Without either the test is
// skipped.
func guard(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("cfn-guard"); err == nil {
		return path
	}
	path, err := installGuard()
	if err != nil {
		t.Skipf("cfn-guard is needed: %v", err)
	}
	return path
}

func installGuard() (string, error) {
	cpu, ok := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || !ok {
		return "", fmt.Errorf("the npm package has none for %s/%s; put one on PATH", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "banyan-tests", "npm-cfnguard")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close() // closing unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	binary := filepath.Join(folder, "node_modules", "@cdklabs", "cdk-validator-cfnguard", "bin", "ubuntu", cpu, "cfn-guard")
	if _, err := os.Stat(binary); errors.Is(err, os.ErrNotExist) {
		out, err := exec.Command("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", guardPackage).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("npm cannot install %s: %w\n%s", guardPackage, err, out)
		}
	}
	return binary, os.Chmod(binary, 0o755)
}

// broken are the rules that a template breaks.
func broken(t *testing.T, template cloudformation.Template) []string {
	file := filepath.Join(t.TempDir(), template.Name+".yaml")
	require.NoError(t, os.WriteFile(file, template.Text, 0o644))
	out, err := exec.Command(guard(t), "validate", "--rules", "guard/banyan.guard", "--data", file, "--structured", "--output-format", "json", "--show-summary", "none").Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	} else {
		require.Equal(t, 19, exit.ExitCode(), "cfn-guard found something: %s", exit.Stderr)
	}
	var reports []struct {
		Broken []struct {
			Rule struct {
				Name string `json:"name"`
			}
		} `json:"not_compliant"`
	}
	require.NoError(t, json.Unmarshal(out, &reports), string(out))
	require.Len(t, reports, 1)
	var names []string
	for _, b := range reports[0].Broken {
		names = append(names, b.Rule.Name)
	}
	return names
}

func TestTemplates_KeepOurRules(t *testing.T) {
	for _, template := range every(t) {
		require.Empty(t, broken(t, template), template.Name)
	}
}

// mistakes are changes to a template, each of which breaks one rule.
var mistakes = []struct{ rule, template, was, is string }{
	{"buckets_are_encrypted", "api", "      BucketEncryption:\n        ServerSideEncryptionConfiguration:\n          - ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}\n", ""},
	{"buckets_are_not_public", "api", "BlockPublicPolicy: true", "BlockPublicPolicy: false"},
	{"buckets_are_not_public", "pipeline", "      OwnershipControls:\n", "      AccessControl: PublicRead\n      OwnershipControls:\n"},
	{"buckets_outlive_their_stack", "edge", "  LogBucket:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain", "  LogBucket:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Delete"},
	{"queues_are_encrypted", "api", "      SqsManagedSseEnabled: true\n      # Six", "      # Six"},
	{"queues_have_dead_letters", "api", "        deadLetterTargetArn: !GetAtt DeadLetterQueue.Arn\n", ""},
	{"queues_keep_orders_longest", "api", "      MessageRetentionPeriod: 1209600\n", "      MessageRetentionPeriod: 345600\n"},
	{"queues_outlive_their_stack", "api", "  OrderQueue:\n    Type: AWS::SQS::Queue\n    DeletionPolicy: Retain\n", "  OrderQueue:\n    Type: AWS::SQS::Queue\n"},
	{"tables_outlive_their_stack", "api", "      DeletionProtectionEnabled: true\n", ""},
	{"tables_outlive_their_stack", "api", "    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain", "    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Snapshot"},
	{"tables_can_be_put_back", "api", "{PointInTimeRecoveryEnabled: true}", "{PointInTimeRecoveryEnabled: false}"},
	{"backups_outlive_their_stack", "api", "    Condition: HasBackups\n    DeletionPolicy: Retain\n", "    Condition: HasBackups\n    DeletionPolicy: Delete\n"},
	{"logs_are_forgotten", "legacy-adapter", "      RetentionInDays: !Ref LogDays\n", ""},
	{"topics_are_encrypted", "ops", "      KmsMasterKeyId: !Ref TopicKey\n", ""},
	{"no_wildcard_action", "api", "Action: sqs:SendMessage", "Action: sqs:*"},
	{"no_wildcard_action", "api", "Action: [s3:PutObject, s3:GetObject, s3:DeleteObject]", "Action: [s3:PutObject, s3:Get*]"},
	{"no_wildcard_action", "legacy-adapter", "              - ec2:DescribeSubnets\n", "              - ec2:Describe*\n"},
	{"no_wildcard_resource", "api", "Resource: !GetAtt OrderTable.Arn", `Resource: "*"`},
	{"no_wildcard_resource", "legacy-adapter", "              - ec2:DescribeSubnets\n", "              - ec2:RunInstances\n"},
	{"nothing_is_open_to_everybody", "api", "            Effect: Deny\n            Principal: \"*\"\n            Action: s3:*", "            Effect: Allow\n            Principal: \"*\"\n            Action: s3:*"},
	{"nothing_is_open_to_everybody", "edge", "Principal: {Service: cloudfront.amazonaws.com}", `Principal: {AWS: "*"}`},
	{"resources_are_reached_over_tls", "api", `            Condition: {Bool: {"aws:SecureTransport": "false"}}` + "\n", ""},
	{"functions_are_built_alike", "api", "Architectures: [arm64]", "Architectures: [x86_64]"},
	{"functions_are_built_alike", "legacy-adapter", "      TracingConfig: {Mode: Active}\n", ""},
	{"sources_spare_legacy", "legacy-adapter", "      FunctionResponseTypes: [ReportBatchItemFailures]\n", ""},
	{"sources_spare_legacy", "legacy-adapter", "      ScalingConfig: {MaximumConcurrency: !Ref Concurrency}\n", ""},
	{"storefronts_are_guarded", "edge", "          TargetOriginId: legacy\n", "          TargetOriginId: serverless\n"},
	{"storefronts_are_guarded", "edge", "        WebACLId:", "        Staging: false #"},
}

func TestRules_EachSeesTheMistakeThatItIsFor(t *testing.T) {
	all := map[string]cloudformation.Template{}
	for _, template := range every(t) {
		all[template.Name] = template
	}
	seen := map[string]bool{}
	for _, m := range mistakes {
		text := string(all[m.template].Text)
		require.Contains(t, text, m.was, m.rule)
		with := cloudformation.Template{Name: m.template, Text: []byte(strings.Replace(text, m.was, m.is, 1))}
		require.Contains(t, broken(t, with), m.rule, "%s: %q instead of %q", m.template, m.is, m.was)
		seen[m.rule] = true
	}
	rules, err := os.ReadFile("guard/banyan.guard")
	require.NoError(t, err)
	for line := range strings.Lines(string(rules)) {
		if name, ok := strings.CutPrefix(line, "rule "); ok {
			require.True(t, seen[strings.Fields(name)[0]], "no mistake shows that %s can fail", name)
		}
	}
}
