package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// reportInit tells Lambda why the function cannot start, so that an invocation
// says so instead of only that the process ended. Where Lambda cannot be reached
// there is nobody to tell.
func reportInit(runtimeAPI string, cause error) {
	if runtimeAPI == "" {
		return
	}
	body, err := json.Marshal(map[string]string{"errorMessage": cause.Error() + hintSuffix(cause), "errorType": "Banyan.InitError"})
	if err != nil {
		return
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+runtimeAPI+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Lambda-Runtime-Function-Error-Type", "Banyan.InitError")
	client := http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Second}
	if res, err := client.Do(req); err == nil {
		_ = res.Body.Close()
	}
}

func hintSuffix(cause error) string {
	if hint := hintFor(cause); hint != "" {
		return " (hint: " + hint + ")"
	}
	return ""
}
