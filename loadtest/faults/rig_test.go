package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// rig is everything that can be broken.
type rig struct {
	pg    *rigtest.Postgres
	disk  *rigtest.Disk    // of the database's tables; nil where none can be mounted
	wire  *toxiproxy.Proxy // between Banyan and the database
	shop  *rigtest.Shop
	up    *rigtest.Up
	stock map[string]int64
}

const diskMegabytes = 512

// newRig starts it all, with so much on the shelves.
func newRig(t *testing.T, stock map[string]int64) *rig {
	r := &rig{stock: stock}
	// Deadlocks are found soon, so that either side may be the one that is undone.
	r.pg = rigtest.NewPostgres(t, "deadlock_timeout=50ms", "max_wal_size=256MB")
	ctx := t.Context()
	require.NoError(t, r.pg.Exec(ctx, "postgres", "CREATE DATABASE shop"))
	var err error
	if r.disk, err = rigtest.NewDisk(t, diskMegabytes); err != nil {
		t.Log("the fault of a full disk is left out: ", err)
	} else {
		require.NoError(t, r.pg.Give(r.disk.Dir))
		require.NoError(t, r.pg.Exec(ctx, "postgres",
			"CREATE TABLESPACE small LOCATION '"+r.disk.Dir+"'", "ALTER DATABASE shop SET default_tablespace = small"))
	}
	r.shop = rigtest.NewShop(t, binary, r.pg.URL("shop"))
	for sku, onHand := range stock {
		require.NoError(t, r.pg.Exec(ctx, "shop", fmt.Sprintf("UPDATE stock SET on_hand = %d WHERE sku = '%s'", onHand, sku)))
	}
	r.wire = toxiproxy.NewProxy(quiet(toxiproxy.NewServer, toxiproxy.NewMetricsContainer(nil)),
		"database", "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", r.pg.Port))
	require.NoError(t, r.wire.Start())
	t.Cleanup(r.wire.Stop)
	r.up = rigtest.NewUp(t, rigtest.Settings{
		Binary: binary, Legacy: r.shop.URL, Flags: []string{"--log-level", "WARN"},
		Database: fmt.Sprintf("postgres://postgres@%s/shop", r.wire.Listen),
	})
	return r
}

// quiet builds toxiproxy's server with the zero logger, which writes nothing,
// without the logger's package being a dependency of ours.
func quiet[M, L any](build func(M, L) *toxiproxy.ApiServer, metrics M) *toxiproxy.ApiServer {
	var silent L
	return build(metrics, silent)
}

// poison puts a toxic on the wire, in toxiproxy's own JSON.
func (r *rig) poison(kind, stream, attributes string) error {
	_, err := r.wire.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name":%q,"type":%q,"stream":%q,"toxicity":1,"attributes":%s}`, kind+stream, kind, stream, attributes)))
	return err
}

// query reads one column of the legacy database as it is, not over the wire.
func query[T any](t *testing.T, r *rig, sql string) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.pg.URL("shop"))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql)
	require.NoError(t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return values
}
