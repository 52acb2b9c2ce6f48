"""Ask your documents: answers that come with the exact sentences they rest on."""

import os

# onnxruntime sends usage data unless this is set before any library loads it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
