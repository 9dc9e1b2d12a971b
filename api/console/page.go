package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the parsed templates by name: layout.html and the parts with one
// page's content each.
type pages map[string]*template.Template

// pageNames are the pages; each is a file of this name.
var pageNames = []string{"overview", "products", "product", "flip", "mode", "orders", "order", "history", "dead", "deadgroup", "deadletter", "refusal"}

func loadPages(a assets) pages {
	funcs := template.FuncMap{
		"asset":   a.url,
		"product": func(slug string) string { return "/products/" + url.PathEscape(slug) },
		"order":   func(id string) string { return "/orders/" + url.PathEscape(id) },
		"letter":  func(id string) string { return "/dead/letters/" + url.PathEscape(id) },
		"group":   groupURL,
		"advice":  advice,
		"stamp":   stamp,
		"brief":   brief,
		"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"field":   formTime,
		"count":   func(n any) string { return count(reflect.Indirect(reflect.ValueOf(n)).Int()) },
		"rate":    rate,
		"mask":    maskEmail,
		"lines":   linesInWords,
		"has": func(list []order.FieldError, field string) string {
			return (&order.InvalidError{Fields: list}).Detail(field)
		},
	}
	layout := template.Must(template.New("layout.html").Funcs(funcs).ParseFS(pageFiles, "pages/layout.html", "pages/part_*.html"))
	all := pages{}
	for _, name := range pageNames {
		all[name] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return all
}

// write draws a page. It is drawn whole before the first byte is sent, so that
// a fault is an answer of its own and never half a page.
func (p pages) write(c *console, w http.ResponseWriter, status int, name string, page any) {
	var body bytes.Buffer
	if err := p[name].ExecuteTemplate(&body, "layout.html", page); err != nil {
		c.Logger.Error("draw page failed", "page", name, "error", err)
		http.Error(w, "the page could not be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// page answers with a page that is well.
func (c *console) page(w http.ResponseWriter, name string, page any) {
	c.pages.write(c, w, http.StatusOK, name, page)
}

// linesInWords says what was bought: "2 × creel, 1 × reel".
func linesInWords(lines []order.Line) string {
	parts := make([]string, 0, len(lines))
	for _, l := range lines {
		parts = append(parts, count(int64(l.Quantity))+" × "+l.SKU)
	}
	return strings.Join(parts, ", ")
}
