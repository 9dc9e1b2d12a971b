package main

import (
	"go/types"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// awsModule is where the SDK's clients are, a package a service.
const awsModule = "github.com/aws/aws-sdk-go-v2/service/"

// calls are the methods of AWS clients that a command may come to call, such as
// dynamodb.GetItem: those of all functions of ours that can be reached from its
// main, through plain calls, interfaces and function values.
func calls(t *testing.T, command string) map[string]bool {
	out, err := exec.Command("go", "list", "-deps", "../../"+command).Output()
	require.NoError(t, err)
	var ours []string
	for _, p := range strings.Fields(string(out)) {
		if strings.HasPrefix(p, module) {
			ours = append(ours, p)
		}
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, ours...)
	require.NoError(t, err)
	require.Zero(t, packages.PrintErrors(loaded))
	program, built := ssautil.Packages(loaded, ssa.InstantiateGenerics)
	program.Build()
	r := reach{program: program, seen: map[*ssa.Function]bool{}, asked: map[*types.Func]bool{}, found: map[string]bool{}}
	for _, p := range built {
		r.ours = append(r.ours, typesOf(p)...)
		if p.Pkg.Path() == module+command {
			r.add(p.Func("main"))
			// The runtime calls what the entry hands over.
			for _, typ := range typesOf(p) {
				r.addMethods(typ, nil)
			}
		}
	}
	require.NotEmpty(t, r.seen)
	r.walk()
	return r.found
}

// reach walks functions.
type reach struct {
	program *ssa.Program
	ours    []types.Type // named types of our packages
	seen    map[*ssa.Function]bool
	asked   map[*types.Func]bool // methods called through an interface
	todo    []*ssa.Function
	found   map[string]bool
}

func typesOf(p *ssa.Package) (all []types.Type) {
	for _, member := range p.Members {
		if typ, ok := member.(*ssa.Type); ok {
			all = append(all, typ.Type())
		}
	}
	return all
}

func (r *reach) add(f *ssa.Function) {
	if f == nil || r.seen[f] {
		return
	}
	r.seen[f] = true
	r.todo = append(r.todo, f)
}

// addMethods adds the methods of a type, those of one name or all.
func (r *reach) addMethods(typ types.Type, only *types.Func) {
	if types.IsInterface(typ) {
		return
	}
	if named, ok := typ.(*types.Named); ok && named.TypeParams().Len() > 0 {
		return // its instances are reached where they are made
	}
	set := r.program.MethodSets.MethodSet(types.NewPointer(typ))
	for i := range set.Len() {
		sel := set.At(i)
		if only == nil || sel.Obj().Name() == only.Name() && sel.Obj().Id() == only.Id() {
			r.add(r.program.MethodValue(sel))
		}
	}
}

func (r *reach) walk() {
	for len(r.todo) > 0 {
		f := r.todo[0]
		r.todo = r.todo[1:]
		for _, block := range f.Blocks {
			for _, instruction := range block.Instrs {
				r.look(instruction)
			}
		}
	}
}

func (r *reach) look(instruction ssa.Instruction) {
	if call, ok := instruction.(ssa.CallInstruction); ok {
		common := call.Common()
		if common.IsInvoke() {
			r.invoke(common)
		} else if f := common.StaticCallee(); f != nil {
			r.client(f.Object())
		}
	}
	for _, operand := range instruction.Operands(nil) {
		if f, ok := (*operand).(*ssa.Function); ok {
			r.add(f)
		}
	}
	switch i := instruction.(type) {
	case *ssa.MakeInterface:
		r.handOver(i)
	case *ssa.FieldAddr:
		r.write(i)
	}
}

// write notes what a transaction of DynamoDB's is made of, for that is what
// has to be allowed: Put, Update, Delete, ConditionCheck.
func (r *reach) write(field *ssa.FieldAddr) {
	named, ok := field.X.Type().Underlying().(*types.Pointer).Elem().(*types.Named)
	if ok && named.Obj().Name() == "TransactWriteItem" && named.Obj().Pkg().Path() == awsModule+"dynamodb/types" {
		r.found["dynamodb.TransactWriteItems."+named.Underlying().(*types.Struct).Field(field.Field).Name()] = true
	}
}

// handOver adds what others may call of a value that they get as one of their
// own interfaces: net/http a handler, a sort its order, a log a value.
func (r *reach) handOver(made *ssa.MakeInterface) {
	target, ok := made.Type().(*types.Named)
	if !ok || target.Obj().Pkg() == nil || strings.HasPrefix(target.Obj().Pkg().Path()+"/", module) {
		return
	}
	methods := target.Underlying().(*types.Interface)
	typ := made.X.Type()
	if p, ok := typ.(*types.Pointer); ok {
		typ = p.Elem()
	}
	if !r.isOurs(typ) {
		return
	}
	for i := range methods.NumMethods() {
		r.addMethods(typ, methods.Method(i))
	}
}

func (r *reach) isOurs(typ types.Type) bool {
	named, ok := typ.(*types.Named)
	return ok && named.Obj().Pkg() != nil && strings.HasPrefix(named.Obj().Pkg().Path()+"/", module)
}

// invoke adds the method of every type of ours that has the interface's methods.
func (r *reach) invoke(common *ssa.CallCommon) {
	r.client(common.Method)
	if r.asked[common.Method] {
		return
	}
	r.asked[common.Method] = true
	face := common.Value.Type().Underlying().(*types.Interface)
	for _, typ := range r.ours {
		if types.Implements(typ, face) || types.Implements(types.NewPointer(typ), face) {
			r.addMethods(typ, common.Method)
		}
	}
}

// client notes a call of a client of the SDK, be it the client itself or an
// interface of ours with one of its methods.
func (r *reach) client(called types.Object) {
	f, ok := called.(*types.Func)
	if !ok {
		return
	}
	parameters := f.Signature().Params()
	if f.Signature().Recv() == nil || parameters.Len() < 2 {
		return
	}
	input, ok := parameters.At(1).Type().(*types.Pointer)
	if !ok {
		return
	}
	named, ok := input.Elem().(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Name() != f.Name()+"Input" {
		return
	}
	if service, ok := strings.CutPrefix(named.Obj().Pkg().Path(), awsModule); ok {
		r.found[service+"."+f.Name()] = true
	}
}
