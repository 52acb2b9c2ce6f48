"""Language models: on this machine, on a server, or at a provider."""
