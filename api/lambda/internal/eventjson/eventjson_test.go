package eventjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var texts = []string{
	``, ` `, `null`, `true`, `tru`, `"a"`, `"`, `"\`, `"\u12"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83d\u0041"`, `"\ude00\ud83d"`,
	"\"\xff\"", "\"a\x01\"", "\"caf\u00e9 \xc3\"", `"\x"`, `"\/\b\f\n\r\t\"\\"`,
	`0`, `-0`, `01`, `1.`, `1.5e+7`, `-`, `+1`, `.5`, `1e`, `1E-2`,
	`{}`, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":{"b":[1,2,{"c":null}]}}`,
	`[]`, `[1,]`, `[,1]`, `[1 2]`, `[[[[]]]]`, `[1,2] x`, `{"a":1}{"b":2}`, "\ufeff{}", "{\"\\u0061\":1}",
}

// agree checks a text against encoding/json: accepted by both or by neither, and
// a string read the same.
func agree(t *testing.T, text string) {
	r := NewReader(text)
	err := r.Skip()
	if err == nil {
		err = r.End()
	}
	require.Equal(t, json.Valid([]byte(text)), err == nil, "%q: %v", text, err)
	if err != nil {
		require.ErrorIs(t, err, ErrSyntax)
		return
	}
	var want string
	if json.Unmarshal([]byte(text), &want) != nil {
		return
	}
	r = NewReader(text)
	got, err := r.Text()
	require.NoError(t, err)
	require.Equal(t, want, got)
	r = NewReader(text)
	appended, err := r.AppendText([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, "x"+want, string(appended))
}

func TestReader_AgreesWithEncodingJSON(t *testing.T) {
	for _, text := range texts {
		agree(t, text)
	}
	agree(t, strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth))
	agree(t, strings.Repeat("[", maxDepth+1)+strings.Repeat("]", maxDepth+1))
}

func FuzzReader(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(agree)
}

func FuzzAppendText(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := AppendText(nil, text)
		require.Equal(t, got, AppendText(nil, []byte(text)))
		theirs, err := json.Marshal(text)
		require.NoError(t, err)
		var back, want string
		require.NoError(t, json.Unmarshal(got, &back), "%s", got)
		require.NoError(t, json.Unmarshal(theirs, &want))
		require.Equal(t, want, back)
	})
}

func TestReader_KeepsTheOrderOfFields(t *testing.T) {
	r := NewReader(`{"z":"1","a":"2","z":"3","m":null}`)
	var got []string
	require.NoError(t, r.Object(func(name string) error {
		value, err := r.Text()
		got = append(got, name+"="+value)
		return err
	}))
	require.NoError(t, r.End())
	require.Equal(t, []string{"z=1", "a=2", "z=3", "m="}, got)
}

func TestReader_TakesNullForNothing(t *testing.T) {
	r := NewReader(`[null,null,null,null,null]`)
	n := 0
	require.NoError(t, r.Array(func() error {
		n++
		switch n {
		case 1:
			return r.Object(func(string) error { panic("a field of null") })
		case 2:
			return r.Array(func() error { panic("an element of null") })
		case 3:
			flag, err := r.Flag()
			require.False(t, flag)
			return err
		case 4:
			whole, err := r.Whole()
			require.Zero(t, whole)
			return err
		}
		raw, err := r.Raw()
		require.Equal(t, "null", raw)
		return err
	}))
}

func TestReader_RefusesAnotherKind(t *testing.T) {
	for _, read := range []func(r *Reader) error{
		func(r *Reader) error { _, err := r.Text(); return err },
		func(r *Reader) error { _, err := r.Flag(); return err },
		func(r *Reader) error { _, err := r.Whole(); return err },
		func(r *Reader) error { return r.Object(func(string) error { return nil }) },
	} {
		r := NewReader(`[1.5]`)
		require.ErrorIs(t, read(&r), ErrSyntax)
	}
	r := NewReader(`1.5`)
	_, err := r.Whole()
	require.ErrorContains(t, err, "want a whole number at byte 0")
}

func TestAppendField_PutsCommasBetween(t *testing.T) {
	got := AppendField([]byte(`{`), "a", "1")
	got = AppendField(got, "b\n", []byte("\x00\"\u2028"))
	require.Equal(t, "{\"a\":\"1\",\"b\\n\":\"\\u0000\\\"\u2028\"", string(got))
}
