"""One adapter per library; their types and exceptions never leave it.

onnxruntime collects and sends usage data unless told not to before it is loaded, by whichever
library loads it; so it is told here, where every adapter passes.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
