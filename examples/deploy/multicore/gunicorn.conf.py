# gunicorn -c gunicorn.conf.py irisws.wsgi:app
#
# Several processes of irisws on one machine, behind a proxy on that machine.

import os

bind = "127.0.0.1:8080"
workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
worker_class = "gthread"  # keeps connections; `sync` closes after each reply
threads = 4

# Each worker loads the model itself: one that was forked with ONNX Runtime in it does not end.
preload_app = False

keepalive = 75  # seconds; nginx closes idle connections after 60: it never meets a closed one
graceful_timeout = 9  # after SIGTERM, for the requests that are there
