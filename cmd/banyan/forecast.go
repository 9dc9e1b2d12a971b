package main

import (
	"context"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

// forecast says when the queue will be empty at the rates of the last seconds.
func (in *installation) forecast(ctx context.Context, waiting int64) (*console.Forecast, error) {
	now := time.Now()
	accepted, err := in.orders.AcceptedSince(ctx, now.Add(-relay.RateWindow))
	if err != nil {
		return nil, err
	}
	leaving := 0.0
	if in.relay != nil {
		leaving = in.relay.State().Rate
	}
	f := console.NewForecast(waiting, leaving, float64(accepted)/relay.RateWindow.Seconds(), now)
	return &f, nil
}

// forecastOf returns the view's forecast. Where no process runs nothing leaves
// the queue, and nothing comes.
func forecastOf(v console.LedgerView) console.Forecast {
	if v.Forecast != nil {
		return *v.Forecast
	}
	f := console.NewForecast(v.Waiting, 0, 0, time.Now())
	if v.Waiting > 0 {
		f.Words = "Nothing takes orders out of the queue: no banyan is running."
	}
	return f
}

// printForecast prints the forecast alone, for "banyan ledger --forecast".
func printForecast(place Place, term terminal, f console.Forecast) error {
	if place.JSON {
		return printLine(term.Out, f)
	}
	_, err := fmt.Fprintln(term.Out, f.Words)
	return err
}
