package kvstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// answer carries out one call.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, op string) {
	if !signed(r) {
		refuse(w, http.StatusForbidden, "AccessDeniedException", "the request is not signed with SigV4A for cloudfront-keyvaluestore")
		return
	}
	path := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/key-value-stores/"), "/")
	if arn, _ := url.PathUnescape(path[0]); arn != ARN {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "no key value store "+arn)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch op {
	case "DescribeKeyValueStore":
		w.Header().Set("ETag", s.tag())
		send(w, map[string]any{"KvsARN": ARN, "Status": "READY", "Created": 1763700000.5, "ItemCount": len(s.items), "TotalSizeInBytes": size(s.items)})
	case "ListKeys":
		s.list(w, r.URL.Query())
	case "GetKey":
		key, _ := url.PathUnescape(path[2])
		value, ok := s.shown()[key]
		if !ok {
			refuse(w, http.StatusNotFound, "ResourceNotFoundException", "no key "+key)
			return
		}
		send(w, map[string]any{"Key": key, "Value": value, "ItemCount": len(s.items), "TotalSizeInBytes": size(s.items)})
	case "UpdateKeys":
		s.update(w, r)
	default:
		refuse(w, http.StatusBadRequest, "ValidationException", "no such operation")
	}
}

// signed reports whether a request carries what SigV4A puts there. The signature
// itself is the SDK's own affair.
func signed(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-ECDSA-P256-SHA256 Credential=") &&
		strings.Contains(r.Header.Get("Authorization"), "/cloudfront-keyvaluestore/aws4_request") &&
		r.Header.Get("X-Amz-Region-Set") == "*"
}

func (s *Server) tag() string { return fmt.Sprintf("KV%08d", s.etag) }

// shown is what reads see: for a while, what was there before.
func (s *Server) shown() map[string]string {
	if s.lag > 0 {
		s.lag--
		return s.before
	}
	return s.items
}

func (s *Server) list(w http.ResponseWriter, query url.Values) {
	most := defaultPage
	if text := query.Get("MaxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			refuse(w, http.StatusBadRequest, "ValidationException", "MaxResults is from 1 to 50")
			return
		}
		most = n
	}
	after, err := base64.URLEncoding.DecodeString(query.Get("NextToken"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "ValidationException", "NextToken is not valid")
		return
	}
	shown := s.shown()
	out := map[string]any{}
	items := []map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(shown)) {
		if key <= string(after) {
			continue
		}
		if len(items) == most {
			out["NextToken"] = base64.URLEncoding.EncodeToString([]byte(items[most-1]["Key"]))
			break
		}
		items = append(items, map[string]string{"Key": key, "Value": shown[key]})
	}
	out["Items"] = items
	send(w, out)
}

// change is the body of an UpdateKeys.
type change struct {
	Puts []struct {
		Key   *string
		Value *string
	}
	Deletes []struct{ Key *string }
}

func (s *Server) update(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var c change
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "ValidationException", "the body cannot be read")
		return
	case r.Header.Get("If-Match") == "":
		refuse(w, http.StatusBadRequest, "ValidationException", "If-Match is required")
		return
	case r.Header.Get("If-Match") != s.tag():
		if s.StaleETag == "ValidationException" {
			refuse(w, http.StatusBadRequest, s.StaleETag, "The provided ETag does not match")
			return
		}
		refuse(w, http.StatusConflict, "ConflictException", "the store was changed")
		return
	}
	next, keys, problem := c.apply(s.items, len(body))
	if problem != "" {
		refuse(w, http.StatusBadRequest, "ValidationException", problem)
		return
	}
	if size(next) > storeBytes {
		refuse(w, http.StatusPaymentRequired, "ServiceQuotaExceededException", "the store is full")
		return
	}
	s.before, s.lag = s.items, s.Lag
	s.items = next
	s.etag++
	s.puts = append(s.puts, keys)
	w.Header().Set("ETag", s.tag())
	send(w, map[string]any{"ItemCount": len(s.items), "TotalSizeInBytes": size(s.items)})
}

// apply returns what items become, all of them or, with a problem, none.
func (c change) apply(items map[string]string, body int) (next map[string]string, keys []string, problem string) {
	if n := len(c.Puts) + len(c.Deletes); n == 0 || n > keysPerCall || body > callBytes {
		return nil, nil, fmt.Sprintf("%d keys in %d bytes; a call takes 1 to %d in %d", n, body, keysPerCall, callBytes)
	}
	next = maps.Clone(items)
	seen := make(map[string]bool)
	for _, p := range c.Puts {
		if p.Key == nil || p.Value == nil || *p.Key == "" || len(*p.Key) > keyBytes || len(*p.Value) > valueBytes || seen[*p.Key] {
			return nil, nil, "a key is missing, twice, or too long"
		}
		seen[*p.Key] = true
		next[*p.Key] = *p.Value
		keys = append(keys, *p.Key)
	}
	for _, d := range c.Deletes {
		if d.Key == nil || seen[*d.Key] {
			return nil, nil, "a key is missing or twice"
		}
		if _, ok := items[*d.Key]; !ok {
			return nil, nil, "there is no key " + *d.Key
		}
		seen[*d.Key] = true
		delete(next, *d.Key)
		keys = append(keys, "-"+*d.Key)
	}
	return next, keys, ""
}

func size(items map[string]string) int {
	n := 0
	for key, value := range items {
		n += len(key) + len(value)
	}
	return n
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": message})
}
