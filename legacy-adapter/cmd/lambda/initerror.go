package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// reportInit tells Lambda why the function does not start, so that it shows
// beside the invocation and not only in the log. It is for a person to read:
// where Lambda is not reached, the log has it too.
func reportInit(runtimeAPI string, cause error) {
	if runtimeAPI == "" {
		return
	}
	text := cause.Error()
	if hint := hintFor(cause); hint != "" {
		text += " (hint: " + hint + ")"
	}
	body, err := json.Marshal(map[string]string{"errorType": initErrorType, "errorMessage": text})
	if err != nil {
		return
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+runtimeAPI+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Lambda-Runtime-Function-Error-Type", initErrorType)
	client := http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Second}
	if res, err := client.Do(req); err == nil {
		_ = res.Body.Close()
	}
}

const initErrorType = "Banyan.InitError"
