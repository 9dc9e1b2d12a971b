package shop

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	resale "github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// sellingView is the page on which a seller offers something.
type sellingView struct {
	frame
	Alert     string
	Faults    []fault
	Fields    []field
	Choices   []selection
	Accept    string // the types of pictures, for the browser's file dialogue
	Pictures  int    // at most
	Megabytes int    // of each, at most
}

// selection is a list of which one is chosen.
type selection struct {
	Name, Label, Fault string
	Options            []option
}

type option struct {
	Value, Label string
	Chosen       bool
}

func (s *server) sellingPage(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	startSession(w, r)
	return s.showSelling(w, r, resale.Listing{}, nil)
}

func (s *server) showSelling(w http.ResponseWriter, r *http.Request, l resale.Listing, err error) error {
	v := sellingView{frame: s.frame(r, "Sell us something"), Accept: strings.Join(resale.Types(), ","),
		Pictures: resale.MaxPictures, Megabytes: resale.MaxPictureBytes >> 20}
	v.Script = "sell.js"
	price := ""
	if l.Price.Amount > 0 {
		price = fmt.Sprintf("%d.%02d", l.Price.Amount/100, l.Price.Amount%100)
	}
	v.Fields = []field{
		{Name: "title", Label: "What is it?", Value: l.Title, Type: "text", Complete: "off", Limit: resale.MaxTitleBytes},
		{Name: "description", Label: "Tell us about it", Value: l.Description, Complete: "off", Limit: resale.MaxDescriptionBytes, Long: true,
			Hint: "What it is made of, how old it is, what has been mended."},
		{Name: "price", Label: "Your price in dollars", Value: price, Type: "text", Complete: "off", Limit: 12, Hint: "Such as 189 or 189.50."},
		{Name: "name", Label: "Your name", Value: l.Seller.Name, Type: "text", Complete: "name", Limit: resale.MaxNameBytes},
		{Name: "email", Label: "Your email", Value: l.Seller.Email, Type: "email", Complete: "email", Limit: resale.MaxEmailBytes,
			Hint: "To answer you, and for nothing else."},
	}
	shelves := selection{Name: "category", Label: "Shelf"}
	for _, c := range s.catalogue.Categories() {
		shelves.Options = append(shelves.Options, option{c.Slug, c.Name, c.Slug == l.Category})
	}
	conditions := selection{Name: "condition", Label: "Condition"}
	for _, g := range grades {
		conditions.Options = append(conditions.Options, option{string(g.Name), string(g.Name) + ": " + g.Means, string(g.Name) == l.Condition})
	}
	v.Choices = []selection{shelves, conditions}
	status := http.StatusOK
	if err != nil {
		status = answerTo(err).status
		s.explainSelling(&v, err)
	}
	s.allowUploads(w, r)
	return s.show(w, r, view{status: status, page: "sell", html: v, json: struct{}{}})
}

// explainSelling puts what is wrong beside the field it is wrong with, and all of
// it at the top.
func (s *server) explainSelling(v *sellingView, err error) {
	p := s.problem(err)
	var invalid *order.InvalidError
	if !errors.As(err, &invalid) {
		v.Alert = p.Title + ". " + p.Detail
		return
	}
	v.Alert = "Please look at the following; everything you typed is still here."
	for _, f := range invalid.Fields {
		v.Faults = append(v.Faults, v.place(f))
	}
}

// place finds the field of the page that a fault is about.
func (v *sellingView) place(f order.FieldError) fault {
	name := strings.TrimSuffix(strings.TrimPrefix(f.Field, "seller."), ".amount")
	for i := range v.Fields {
		if x := &v.Fields[i]; x.Name == name {
			x.Fault = "This " + f.Detail
			return fault{name, x.Label + ": this " + f.Detail}
		}
	}
	for i := range v.Choices {
		if x := &v.Choices[i]; x.Name == name {
			x.Fault = "This " + f.Detail
			return fault{name, x.Label + ": this " + f.Detail}
		}
	}
	return fault{"summary", f.Field + " " + f.Detail}
}

// listingView is a listing as anybody who has its address may see it: who sells
// it is not in it.
type listingView struct {
	ID         string        `json:"listing_id"`
	Status     order.State   `json:"status"`
	StatusURL  string        `json:"status_url"`
	Heading    string        `json:"heading"`
	Message    string        `json:"message"`
	Attention  bool          `json:"attention"`
	Final      bool          `json:"final"` // written, and no picture waits
	AcceptedAt time.Time     `json:"accepted_at"`
	WrittenAt  time.Time     `json:"written_at,omitzero"`
	Title      string        `json:"title"`
	Price      order.Money   `json:"price"`
	Category   string        `json:"category"`
	Condition  string        `json:"condition"`
	Pictures   []pictureView `json:"pictures"`
}

type pictureView struct {
	ID     string              `json:"id"`
	Name   string              `json:"name"`
	State  resale.PictureState `json:"state"`
	Code   resale.Fault        `json:"code,omitempty"`   // why it was refused, in a word
	Detail string              `json:"detail,omitempty"` // and in a sentence
	URL    string              `json:"url,omitempty"`    // of a complete one
}

func (s *server) listingPage(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.listingOf(r)
	if err != nil {
		return err
	}
	standings, err := s.uploads.Look(r.Context(), rec.Listing)
	if err != nil {
		return offered{err}
	}
	v := viewListing(rec, standings)
	page := struct {
		frame
		Listing listingView
		Mail    string
	}{s.frame(r, v.Heading), v, maskedMail(rec.Seller.Email)}
	if !v.Final {
		page.Refresh = refreshAfter
	}
	noStore(w)
	s.allowUploads(w, r)
	return s.show(w, r, view{page: "offered", html: page, json: v})
}

func viewListing(rec resale.Record, standings []resale.Standing) listingView {
	v := listingView{ID: rec.ID, Status: rec.State, StatusURL: resale.Path(rec.ID), Attention: rec.Dead(),
		AcceptedAt: rec.AcceptedAt, WrittenAt: rec.WrittenAt, Title: rec.Title, Price: rec.Price,
		Category: rec.Category, Condition: rec.Condition, Pictures: []pictureView{}, Final: rec.State == order.Written}
	for n, p := range rec.Pictures {
		st := standings[n]
		pv := pictureView{ID: resale.PictureID(n), Name: p.Name, State: st.State, Code: st.Fault, Detail: st.Fault.Text()}
		if st.State == resale.Complete {
			pv.URL = resale.PicturePath(rec.ID, pv.ID)
		}
		v.Final = v.Final && st.State != resale.Waiting
		v.Pictures = append(v.Pictures, pv)
	}
	switch {
	case rec.Dead():
		v.Heading, v.Message = "We have your offer", "It is safely with us. One detail needs a person to look at it; there is nothing you need to do."
	case rec.State == order.Written:
		v.Heading, v.Message = "It is in our books", "Thank you. We look at it next and write to you."
	default:
		v.Heading, v.Message = "We have your offer", "It is safely with us and on its way into our books; you may close this page once your pictures are there."
	}
	return v
}
