package console

import "net/http"

// healthz says that the console answers, and with which table. It asks nothing
// that can be slow: whether legacy is well is the ledger's to say.
func (c *console) healthz(w http.ResponseWriter, _ *http.Request) {
	t := c.Products.Table().view()
	c.json(w, http.StatusOK, struct {
		Status  string `json:"status"`
		Version string `json:"version,omitempty"`
		Epoch   uint64 `json:"epoch"`
		Mode    string `json:"mode"`
	}{"ok", c.Version, t.Epoch, t.Mode})
}
