package deploy

import (
	_ "embed"
)

// Artifacts is the template of the stack that holds the bucket for zips and
// large templates; its output ArtifactsOutput is the bucket's name.
//
//go:embed artifacts.yaml
var Artifacts []byte

// ArtifactsOutput is the output with the bucket's name.
const ArtifactsOutput = "Bucket"
