// Package accesslog reads the shape of a shop's traffic from its access log: how
// many pages and how many orders came in each second.
//
//	Read (a line at a time) → Traffic → Busiest (the stretch to rehearse) → sale.Shape
//
// Lines are in the common or combined form, as nginx, Apache and HAProxy's
// httplog write them, or JSON objects. A line that cannot be read is counted and
// the first few are kept to be shown; nothing of a line but its time, method and
// path is looked at.
package accesslog
