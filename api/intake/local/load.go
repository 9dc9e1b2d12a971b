package local

import "database/sql/driver"

// load reads what the writer keeps in memory from the file: at the start, and
// after a failure, when what it had in mind was not written.
func (w *writer) load() error {
	last, err := w.conn.queryInt("SELECT coalesce(max(seq), 0) FROM orders")
	if err != nil {
		return err
	}
	swept, err := w.conn.queryInt("SELECT swept FROM ledger")
	if err != nil {
		return err
	}
	w.next, w.sweep = last+1, sweep{at: swept}
	return w.loadStock()
}

func (w *writer) loadStock() error {
	var added []*shelf
	err := w.conn.query("SELECT sku, on_hand, held, sold FROM stock", func(row []driver.Value) error {
		sku := row[0].(string)
		sh := w.store.shelves.find(sku)
		if sh == nil {
			sh = &shelf{sku: sku}
			added = append(added, sh)
		}
		sh.onHand, sh.held, sh.sold = int(row[1].(int64)), int(row[2].(int64)), int(row[3].(int64))
		sh.touched = false
		sh.publish()
		return nil
	})
	w.store.shelves.add(added...)
	return err
}
