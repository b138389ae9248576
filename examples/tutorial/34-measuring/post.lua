wrk.method = "POST"
wrk.body = '{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
wrk.headers["Content-Type"] = "application/json"
