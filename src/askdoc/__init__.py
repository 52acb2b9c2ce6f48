"""Ask your documents: answers that come with the exact sentences they rest on."""

__version__ = "0.1.0"
