package legacydb

import (
	"cmp"
	"errors"
	"maps"
	"net"
	"net/url"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// The address is not repeated in these: it may hold a password that was not
// escaped.
var (
	errMySQLAddress = errors.New("its address cannot be read; write mysql://user:password@host:3306/name, with signs in the password as %40")
	errMySQLName    = errors.New("its address names no database; write mysql://user:password@host:3306/name")
)

// mysqlSettings is what each connection is set to. A shop's server may well be
// lax; an order that is cut off to fit is worse than one that waits. Backslashes
// are plain in strings, as the mapping is read that way for every database.
// Times travel as UTC, so a TIMESTAMP is right and a DATETIME is UTC.
var mysqlSettings = map[string]string{
	"sql_mode":  "CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_ALL_TABLES', 'NO_BACKSLASH_ESCAPES')",
	"time_zone": "'+00:00'",
}

// mysqlConfig reads mysql://user:password@host:port/name?tls=true. Options are
// the driver's own, and socket=/path for a server on this machine.
func mysqlConfig(database string) (*mysqldriver.Config, error) {
	address, err := url.Parse(database)
	if err != nil {
		return nil, errMySQLAddress
	}
	name := strings.TrimPrefix(address.Path, "/")
	if name == "" {
		return nil, errMySQLName
	}
	options := address.Query()
	socket := options.Get("socket")
	options.Del("socket")
	c, err := mysqldriver.ParseDSN("/?" + options.Encode())
	if err != nil {
		return nil, err
	}
	c.User, c.DBName = address.User.Username(), name
	c.Passwd, _ = address.User.Password()
	c.Net, c.Addr = "tcp", net.JoinHostPort(cmp.Or(address.Hostname(), "127.0.0.1"), cmp.Or(address.Port(), "3306"))
	if socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	c.Timeout = cmp.Or(c.Timeout, connectTimeout)
	c.Loc, c.ParseTime = time.UTC, false
	c.ClientFoundRows = true // an UPDATE counts the rows it found, as everywhere else
	c.MultiStatements, c.InterpolateParams = false, false
	c.Logger = &mysqldriver.NopLogger{} // what it says is in the errors as well
	if c.Params == nil {
		c.Params = make(map[string]string)
	}
	maps.Copy(c.Params, mysqlSettings)
	return c, nil
}
