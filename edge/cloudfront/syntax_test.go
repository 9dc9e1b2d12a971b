package cloudfront

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
	"github.com/stretchr/testify/require"
)

// What CloudFront's runtime takes ("JavaScript runtime 2.0 features", CloudFront
// Developer Guide): ECMAScript 5.1, and const, let, arrow functions, template
// literals, rest parameters, ** and async with await. goja takes far more, and
// njs some; so whatever is not listed here is refused.
var (
	allowedNodes = wordsOf(`Program FunctionDeclaration FunctionLiteral ArrowFunctionLiteral ExpressionBody ParameterList Binding BlockStatement
		LexicalDeclaration ForLoopInitializerLexicalDecl ForLoopInitializerExpression IfStatement ForStatement WhileStatement DoWhileStatement ForInStatement
		ReturnStatement BranchStatement ThrowStatement TryStatement CatchStatement SwitchStatement CaseStatement ExpressionStatement EmptyStatement
		Identifier NullLiteral BooleanLiteral NumberLiteral StringLiteral RegExpLiteral TemplateLiteral TemplateElement ArrayLiteral ObjectLiteral PropertyKeyed
		AssignExpression BinaryExpression UnaryExpression ConditionalExpression CallExpression NewExpression DotExpression BracketExpression AwaitExpression`)

	allowedGlobals = wordsOf(`Object Number String Date JSON Math Error parseInt console require undefined cf`)

	// The library: ECMAScript 5.1, what the page adds to it, and CloudFront's own.
	allowedMethods = wordsOf(`keys concat slice split indexOf lastIndexOf replace match test push join map filter charAt charCodeAt fromCharCode toString length now
		includes startsWith endsWith repeat padStart
		log createHash update digest
		kvs get selectRequestOriginById createRequestOriginGroup rawQueryString`)

	// Fields: the event's, the table's, and the function's own.
	allowedFields = wordsOf(`request response viewer headers cookies querystring uri method value multiValue host ip
		table epoch mode legacy serverless fallback shards paths routes pages
		reason rule visitor derived
		format originIds originId originOverrides hostHeader failoverCriteria statusCodes attributes`)
)

func wordsOf(text string) []string { return strings.Fields(text) }

// lint returns what in a script CloudFront might refuse.
func lint(script string) (problems []string) {
	script = strings.TrimPrefix(script, importLine)
	program, err := parser.ParseFile(nil, "", script, 0)
	if err != nil {
		return []string{err.Error()}
	}
	l := linter{declared: make(map[string]bool), used: make(map[string]bool)}
	l.walk(reflect.ValueOf(program), 0, false)
	for name := range l.used {
		if !l.declared[name] && !slices.Contains(allowedGlobals, name) {
			l.refuse("global %s", name)
		}
	}
	slices.Sort(l.problems)
	return l.problems
}

type linter struct {
	problems       []string
	declared, used map[string]bool
}

func (l *linter) refuse(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// walk goes through a node and all that is in it. depth counts the functions
// around it; argument says that it is in the arguments of a call.
func (l *linter) walk(v reflect.Value, depth int, argument bool) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Pointer {
			depth, argument = l.node(v.Interface(), depth, argument)
		}
		l.walk(v.Elem(), depth, argument)
	case reflect.Slice:
		for i := range v.Len() {
			l.walk(v.Index(i), depth, argument)
		}
	case reflect.Struct:
		if !strings.HasSuffix(v.Type().PkgPath(), "goja/ast") {
			return
		}
		for i := range v.NumField() {
			switch name := v.Type().Field(i).Name; name {
			case "DeclarationList", "File": // the same again, and the source
			case "ArgumentList":
				l.walk(v.Field(i), depth, true)
			default:
				l.walk(v.Field(i), depth, argument)
			}
		}
	}
}

// node checks one node, and says what is around its children.
func (l *linter) node(n any, depth int, argument bool) (int, bool) {
	kind := reflect.TypeOf(n).Elem().Name()
	if !slices.Contains(allowedNodes, kind) {
		l.refuse("%s", kind)
	}
	switch n := n.(type) {
	case *ast.FunctionLiteral:
		if n.Generator {
			l.refuse("generator")
		}
		if n.Name != nil {
			l.declared[n.Name.Name.String()] = true
		}
		l.closure(n.Async, depth)
		return depth + 1, false
	case *ast.ArrowFunctionLiteral:
		l.closure(n.Async, depth)
		return depth + 1, false
	case *ast.Binding:
		l.binding(n)
	case *ast.AwaitExpression:
		if argument {
			l.refuse("await in an argument")
		}
	default:
		l.plain(n)
	}
	return depth, argument
}

func (l *linter) closure(async bool, depth int) {
	if async && depth > 0 {
		l.refuse("async closure")
	}
}

func (l *linter) binding(b *ast.Binding) {
	name, ok := b.Target.(*ast.Identifier)
	if !ok {
		l.refuse("destructuring")
		return
	}
	l.declared[name.Name.String()] = true
}

// plain checks nodes that have no say in what is around their children.
func (l *linter) plain(n any) {
	switch n := n.(type) {
	case *ast.Identifier:
		l.used[n.Name.String()] = true
	case *ast.ParameterList:
		if rest, ok := n.Rest.(*ast.Identifier); ok {
			l.declared[rest.Name.String()] = true
		}
		for _, b := range n.List {
			if b.Initializer != nil {
				l.refuse("default parameter")
			}
		}
	case *ast.CatchStatement:
		name, ok := n.Parameter.(*ast.Identifier)
		if !ok {
			l.refuse("catch without a name")
			return
		}
		l.declared[name.Name.String()] = true
	case *ast.BinaryExpression:
		if n.Operator == token.COALESCE {
			l.refuse("??")
		}
	case *ast.AssignExpression:
		if text := n.Operator.String(); text == "??" || text == "&&" || text == "||" {
			l.refuse("%s=", text)
		}
	case *ast.PropertyKeyed:
		if n.Computed || n.Kind != ast.PropertyKindValue {
			l.refuse("computed key, method or accessor")
		}
	case *ast.TemplateLiteral:
		if n.Tag != nil {
			l.refuse("tagged template")
		}
	case *ast.RegExpLiteral:
		if strings.Trim(n.Flags, "gim") != "" || strings.Contains(n.Pattern, "(?<") || strings.Contains(n.Pattern, `\p`) {
			l.refuse("regular expression of a later edition: %s", n.Literal)
		}
	case *ast.DotExpression:
		if name := n.Identifier.Name.String(); !slices.Contains(allowedMethods, name) && !slices.Contains(allowedFields, name) {
			l.refuse("member %s", name)
		}
	}
}

func TestFunctions_UseNothingThatCloudFrontDoesNotTake(t *testing.T) {
	for name, source := range map[string][]byte{"function.js": functionSource, "response.js": responseSource} {
		require.Empty(t, lint(string(source)), name)
		require.Empty(t, lint(string(squeeze(source))), name)
	}
}

func TestFunctions_LintRefusesWhatCloudFrontDoesNotTake(t *testing.T) {
	for script, want := range map[string]string{
		"for (const a of []) {}":            "ForOfStatement",
		"const {a} = {};":                   "destructuring",
		"function f([a]) {}":                "destructuring",
		"function f(a = 1) {}":              "default parameter",
		"Math.max(...[1]);":                 "SpreadElement",
		"const a = {...{}};":                "SpreadElement",
		"const a = 1; const b = a?.method;": "Optional",
		"const a = null ?? 1;":              "??",
		"let a = 1; a ??= 2;":               "??=",
		"class A {}":                        "ClassDeclaration",
		"function* g() {}":                  "generator",
		"try {} catch {}":                   "catch without a name",
		"const a = 1; const b = {a};":       "PropertyShort",
		"const b = {['a']: 1};":             "computed key",
		"const m = new Map();":              "global Map",
		"Object.fromEntries([]);":           "member fromEntries",
		"[[]].flat();":                      "member flat",
		"const f = async () => 1;\nfunction g() { return async function () {}; }": "async closure",
		"async function f() { g(await f()); }\nfunction g(x) {}":                  "await in an argument",
		"eval('1');":                          "global eval",
		"setTimeout(f, 1); function f() {}":   "global setTimeout",
		"const r = /(?<=a)b/;":                "regular expression",
		"const r = /a/u;":                     "regular expression",
		"const r = /a/y;":                     "regular expression",
		"with (Math) {}":                      "WithStatement",
		"var a = 1;":                          "VariableStatement",
		"const {a} = ":                        "Unexpected",
		"const b = tag`x`; function tag() {}": "tagged template",
	} {
		require.Contains(t, strings.Join(lint(script), "\n"), want, script)
	}
	require.Empty(t, lint("const a = [1].map(x => x ** 2);\nasync function f(...rest) { const b = await f(`x${a}`); return b; }"))
}

func TestFunctions_ParseInNJS(t *testing.T) {
	require.Empty(t, njs(t, string(squeeze(functionSource)), "", nil))
	require.Empty(t, njs(t, importLine+string(responseFunction(true)), "", nil))
}

func TestFunctions_HaveRoomBelowTheLimit(t *testing.T) {
	for _, f := range [][]byte{squeeze(functionSource), responseFunction(false)} {
		require.Less(t, len(f), FunctionBytes*9/10, "one tenth is for the next change")
	}
}

func TestSqueeze_LosesCommentsAndIndentationOnly(t *testing.T) {
	require.Equal(t, "const a = '// no comment';\nb();\n", string(squeeze([]byte("\n// a comment\n    const a = '// no comment';\r\n\n\tb();"))))
	for line := range strings.Lines(string(functionSource) + string(responseSource)) {
		code, _, _ := strings.Cut(line, "//")
		require.Zero(t, strings.Count(code, "`")%2, "a text over several lines would lose its indentation: %s", line)
	}
}
