// Package deploy takes an installation to AWS and away again: it builds the
// Lambda zips, puts them into a bucket, and has CloudFormation make the stacks
// in order, each from a change set that can be read first.
//
//	Pack → Upload → Deployer.Prepare → (the reader says yes) → Deployer.Execute
//	Deployer.Remove → the stacks in reverse, what holds orders stays
//
// It knows no template: a Stack is a name, a text and parameters, and comes from
// whoever calls. The AWS configuration is the SDK's usual chain.
package deploy
